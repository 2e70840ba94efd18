namespace NetHook.Interpretability.Tests;

/// <summary>What is said of data files that are not as they should be.</summary>
public sealed class FactFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public FactFilesTests()
    {
        Write("countries.tsv", "name\tcapital", "France\tParis");
        Write("elements.tsv", "name\tsymbol", "iron\tFe");
        Write("phrasings.tsv", "relation\tphrasing", "capital\tThe capital of {} is", "symbol\t{} has the symbol");
        Write("filler.txt", "It rained.");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Files_that_are_right_give_the_facts()
    {
        var book = FactBook.Load(_folder.Path);

        Assert.Equal(["capital of France: Paris", "symbol of iron: Fe"], book.Facts.Select(fact => fact.ToString()));
        Assert.Equal(["The capital of {} is"], book.Facts[0].TaughtPhrasings);
        Assert.Equal(["It rained."], book.Filler);
    }

    [Fact]
    public void Missing_field_is_an_error_that_names_the_line()
    {
        Write("countries.tsv", "name\tcapital", "France\tParis", "Italy");

        AssertRefused($"{_folder["countries.tsv"]}, line 3: the header asks for 2 fields, none empty, with tabs between them; found 'Italy'.");
    }

    [Fact]
    public void Empty_field_is_an_error()
    {
        Write("elements.tsv", "name\tsymbol", "iron\t ");

        AssertRefused($"{_folder["elements.tsv"]}, line 2: the header asks for 2 fields, none empty, with tabs between them; found 'iron\t '.");
    }

    [Fact]
    public void File_without_lines_is_an_error()
    {
        Write("elements.tsv", "name\tsymbol");

        AssertRefused($"{_folder["elements.tsv"]} must hold a header line and at least one more; it holds 1.");
    }

    [Fact]
    public void Subject_that_comes_twice_is_an_error()
    {
        Write("countries.tsv", "name\tcapital", "France\tParis", "france\tLyon");

        AssertRefused($"{_folder["countries.tsv"]} names the subject 'france' a second time.");
    }

    [Fact]
    public void Relation_without_phrasings_is_an_error()
    {
        Write("countries.tsv", "name\tanthem", "France\tLa Marseillaise");

        AssertRefused($"{_folder["countries.tsv"]} has a column 'anthem', for which {_folder["phrasings.tsv"]} has no phrasing.");
    }

    [Fact]
    public void Phrasing_without_a_place_for_the_subject_is_an_error()
    {
        Write("phrasings.tsv", "relation\tphrasing", "capital\tThe capital is", "symbol\t{} has the symbol");

        AssertRefused($"{_folder["phrasings.tsv"]} gives 'capital' the phrasing 'The capital is', which lacks {{}} for the subject.");
    }

    private void Write(string name, params string[] lines) => File.WriteAllLines(_folder[name], lines);

    private void AssertRefused(string message) => Assert.Equal(message, Assert.Throws<InvalidDataException>(() => FactBook.Load(_folder.Path)).Message);
}
