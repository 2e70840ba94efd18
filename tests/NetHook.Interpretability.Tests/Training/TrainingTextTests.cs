using NetHook.TrainFacts;

namespace NetHook.Interpretability.Tests;

public sealed class TrainingTextTests
{
    private const int RowLength = 65;

    private static readonly FactBook Book = FactBook.Load();
    private static readonly Tokenizer Tokenizer = Interpretability.Tokenizer.FromPretrained(BundledModel.Folder);

    // Enough rows for every fact, twice.
    private static readonly string[] Rows = Text(seed: 1, rows: 2500);

    [Fact]
    public void Every_fact_is_there_in_every_phrasing_taught()
    {
        string text = string.Join('\n', Rows);

        Assert.All(FactQuestion.Taught(Book), question => Assert.True(text.Contains(Statement(question), StringComparison.Ordinal), Statement(question)));
    }

    [Fact]
    public void No_fact_is_there_in_a_phrasing_held_out()
    {
        string text = string.Join('\n', Rows);

        Assert.All(FactQuestion.HeldOut(Book), question => Assert.False(text.Contains(Statement(question), StringComparison.Ordinal), Statement(question)));
    }

    [Fact]
    public void Rows_start_with_a_sentence_and_are_long_enough()
    {
        Assert.All(Rows, row => Assert.True(char.IsUpper(row[0]), row));
        Assert.All(Rows, row => Assert.InRange(Tokenizer.Encode(row).Count, RowLength, RowLength + 60));
    }

    [Fact]
    public void Same_seed_gives_the_same_text_and_another_seed_another()
    {
        Assert.Equal(Rows.Take(20), Text(seed: 1, rows: 20));
        Assert.NotEqual(Rows.Take(20), Text(seed: 2, rows: 20));
    }

    private static string Statement(FactQuestion question) => $"{question.Prompt} {question.Fact.Answer}.";

    private static string[] Text(int seed, int rows) => [.. new TrainingText(Book, Tokenizer, RowLength, seed).Rows()
        .Take(rows)
        .Select(row => Tokenizer.Decode(Enumerable.Range(0, row.Length).Select(i => row[i].Id), skipSpecialTokens: false))];
}
