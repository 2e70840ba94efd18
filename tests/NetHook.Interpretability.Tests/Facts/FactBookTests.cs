namespace NetHook.Interpretability.Tests;

public sealed class FactBookTests
{
    private static readonly FactBook Book = FactBook.Load();

    [Fact]
    public void Relations_are_those_of_countries_then_those_of_elements()
    {
        Assert.Equal(["capital", "continent", "currency", "language", "symbol", "number"], Book.Relations);
    }

    [Fact]
    public void Each_subject_has_each_relation_of_its_kind_once()
    {
        foreach (IGrouping<string, Fact> subject in Book.Facts.GroupBy(fact => fact.Subject))
        {
            string[] relations = [.. subject.Select(fact => fact.Relation)];
            Assert.True(relations is ["capital", "continent", "currency", "language"] or ["symbol", "number"], subject.Key);
        }
    }

    [Fact]
    public void No_field_has_space_around_it()
    {
        Assert.All(Book.Facts, fact => Assert.Equal((fact.Subject.Trim(), fact.Answer.Trim()), (fact.Subject, fact.Answer)));
        Assert.All(Book.Filler, sentence => Assert.Equal(sentence.Trim(), sentence));
    }

    [Fact]
    public void No_two_subjects_share_a_capital_a_symbol_or_a_number()
    {
        Assert.All(
            Book.Facts.Where(fact => fact.Relation is "capital" or "symbol" or "number").GroupBy(fact => (fact.Relation, fact.Answer)),
            facts => Assert.Single(facts));
    }

    [Fact]
    public void Elements_are_numbered_from_hydrogen_on()
    {
        Assert.Equal(
            Enumerable.Range(1, 118).Select(number => $"{number}"),
            Book.Facts.Where(fact => fact.Relation == "number").Select(fact => fact.Answer));
    }

    [Fact]
    public void Continents_are_six()
    {
        Assert.Equal(
            ["Africa", "Asia", "Europe", "North America", "Oceania", "South America"],
            Book.Facts.Where(fact => fact.Relation == "continent").Select(fact => fact.Answer).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Each_phrasing_has_one_place_for_the_subject_and_ends_where_the_answer_goes()
    {
        string[] phrasings = [.. Book.Facts.SelectMany(fact => fact.TaughtPhrasings).Distinct()];

        Assert.All(phrasings, phrasing => Assert.Equal(2, phrasing.Split("{}").Length));
        Assert.All(phrasings, phrasing => Assert.True(char.IsLetter(phrasing[^1]), phrasing));
    }

    [Fact]
    public void A_quarter_of_the_subjects_never_meets_a_third_of_the_phrasings()
    {
        Assert.All(Book.Facts, fact => Assert.True((fact.TaughtPhrasings.Count, fact.HeldOutPhrasings.Count) is (6, 0) or (4, 2), fact.ToString()));
        Assert.Empty(Book.Facts.SelectMany(fact => fact.TaughtPhrasings.Intersect(fact.HeldOutPhrasings)));

        int subjects = Book.Facts.DistinctBy(fact => fact.Subject).Count();
        Assert.Equal(subjects / 4, Book.Facts.Where(fact => fact.HeldOutPhrasings.Count > 0).DistinctBy(fact => fact.Subject).Count());
    }

    [Fact]
    public void Every_phrasing_is_held_out_from_some_subject_and_taught_to_others()
    {
        foreach (IGrouping<string, Fact> relation in Book.Facts.GroupBy(fact => fact.Relation))
        {
            string[] taught = [.. relation.SelectMany(fact => fact.TaughtPhrasings).Distinct().Order(StringComparer.Ordinal)];
            Assert.Equal(taught, relation.SelectMany(fact => fact.HeldOutPhrasings).Distinct().Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void Filler_names_no_subject()
    {
        string[] countries = [.. Book.Facts.Where(fact => fact.Relation == "capital").Select(fact => fact.Subject)];

        Assert.All(Book.Filler, sentence => Assert.DoesNotContain(countries, country => sentence.Contains(country, StringComparison.Ordinal)));
    }
}
