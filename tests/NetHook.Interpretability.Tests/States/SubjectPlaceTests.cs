namespace NetHook.Interpretability.Tests;

public sealed class SubjectPlaceTests
{
    [Theory]
    [InlineData("The capital of France", " France ", 15)]
    [InlineData("France is", " France", 0)]
    [InlineData("of France", "France ", 3)]
    public void Spaces_at_its_ends_do_not_make_it_another_subject(string prompt, string subject, int start) =>
        Assert.Equal(start, SubjectPlace.Find(prompt, subject, null).Start.Value);

    [Fact]
    public void Places_of_a_subject_are_told()
    {
        SubjectException e = Assert.Throws<SubjectException>(() => SubjectPlace.Find("of of", "of", null));

        Assert.Equal(("of of", "of"), (e.Prompt, e.Subject));
        Assert.Equal([0, 3], e.Places);
    }

    [Theory]
    [InlineData("The capital of France is", "France", null, 15)]
    [InlineData("of France, of", "of", 1, 0)]
    [InlineData("of France, of", "of", 2, 11)]
    [InlineData("aaa", "aa", 2, 1)]
    [InlineData("The Netherlands has its capital in", "the Netherlands", null, 0)]
    [InlineData("The isle of the isle", "the isle", 1, 0)]
    [InlineData("The isle of the isle", "the isle", 2, 12)]
    [InlineData("Éire is", "éire", null, 0)]
    public void Subject_is_found(string prompt, string subject, int? occurrence, int start) =>
        Assert.Equal(start..(start + subject.Length), SubjectPlace.Find(prompt, subject, occurrence));

    [Theory]
    [InlineData("The isle", "Spain", null, "\"Spain\" is not in \"The isle\".")]
    [InlineData("in FRANCE", "France", null, "\"France\" is not in \"in FRANCE\". Did you mean \"FRANCE\"?")]
    [InlineData("the isle", "The isle", null, "\"The isle\" is not in \"the isle\". Did you mean \"the isle\"?")]
    [InlineData("of of", "of", null, "\"of\" is 2 times in \"of of\", at characters 0, 3. Say which one: the first is occurrence 1.")]
    [InlineData("of of", "of", 3, "\"of\" is 2 times in \"of of\": there is no occurrence 3.")]
    [InlineData("of a", "of", 2, "\"of\" is once in \"of a\": there is no occurrence 2.")]
    [InlineData("of a", "of", 0, "Occurrences of the subject are counted from 1. (Parameter 'Occurrence')\nActual value was 0.")]
    public void Subject_that_is_not_there_is_refused(string prompt, string subject, int? occurrence, string message) =>
        Assert.Equal(message, Assert.ThrowsAny<ArgumentException>(() => SubjectPlace.Find(prompt, subject, occurrence)).Message.ReplaceLineEndings("\n"));

    [Fact]
    public void Every_fact_in_every_phrasing_names_its_subject_where_the_tracer_finds_it()
    {
        foreach (Fact fact in FactBook.Load().Facts)
        {
            foreach (string phrasing in fact.TaughtPhrasings.Concat(fact.HeldOutPhrasings))
            {
                string prompt = fact.Prompt(phrasing);
                Range place = SubjectPlace.Find(prompt, fact.Subject, occurrence: 1);
                Assert.Equal(fact.Subject, prompt[place], ignoreCase: true);
            }
        }
    }
}
