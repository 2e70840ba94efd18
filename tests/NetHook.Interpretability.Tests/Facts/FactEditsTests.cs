namespace NetHook.Interpretability.Tests;

public sealed class FactEditsTests
{
    private static readonly FactBook Book = FactBook.Load();

    [Fact]
    public void Drawn_edits_change_a_fact_to_another_answer_of_its_relation()
    {
        IReadOnlyList<EditCase> cases = FactEdits.Draw(Book, 60, seed: 1);

        Assert.Equal(60, cases.Count);
        Assert.All(cases, asked =>
        {
            Fact fact = FactOf(asked);
            Assert.Equal($" {fact.Answer}", asked.TrueAnswer);
            Assert.NotEqual(asked.TrueAnswer, asked.Request.Target);
            Assert.Contains(asked.Request.Target[1..], Book.Facts.Where(other => other.Relation == fact.Relation).Select(other => other.Answer));
            Assert.Contains(asked.Request.Prompt, fact.TaughtPhrasings);
            Assert.Equal(fact.Prompt(asked.Request.Prompt), asked.Request.Text);
        });
        Assert.All(Book.Relations, relation => Assert.Equal(60 / Book.Relations.Count, cases.Count(asked => FactOf(asked).Relation == relation)));
    }

    [Fact]
    public void Paraphrases_are_the_other_phrasings_and_neighbours_other_subjects()
    {
        Assert.All(FactEdits.Draw(Book, 30, seed: 2), asked =>
        {
            Fact fact = FactOf(asked);
            Assert.Equal(5, asked.Paraphrases.Distinct().Count());
            Assert.DoesNotContain(asked.Request.Text, asked.Paraphrases);
            Assert.All(asked.Paraphrases, prompt => Assert.Contains(fact.Subject, prompt, StringComparison.OrdinalIgnoreCase));
            Assert.Equal(10, asked.Neighbours.Select(neighbour => neighbour.Prompt).Distinct().Count());
            Assert.All(asked.Neighbours, neighbour =>
            {
                Fact other = Book.Facts.Single(other => other.Relation == fact.Relation && other.Prompt(asked.Request.Prompt) == neighbour.Prompt);
                Assert.NotEqual(fact.Subject, other.Subject);
                Assert.Equal($" {other.Answer}", neighbour.Answer);
                Assert.NotEqual(asked.Request.Target, neighbour.Answer);
            });
        });
    }

    [Fact]
    public void Same_seed_draws_the_same_edits()
    {
        IEnumerable<EditRequest> Draw(long seed) => FactEdits.Draw(Book, 12, seed).Select(asked => asked.Request);

        Assert.Equal(Draw(3), Draw(3));
        Assert.NotEqual(Draw(3), Draw(4));
    }

    [Fact]
    public void Case_of_an_edit_is_found_by_subject_and_phrasing()
    {
        EditCase? asked = FactEdits.CaseOf(Book, new("The capital of {} is", "France", "Rome"));

        Assert.NotNull(asked);
        Assert.Equal(" Paris", asked.TrueAnswer);
        Assert.Contains("France's capital city is", asked.Paraphrases);
        Assert.DoesNotContain("The capital of Italy is", asked.Neighbours.Select(neighbour => neighbour.Prompt));
        Assert.Null(FactEdits.CaseOf(Book, new("The capital of {} is", "Atlantis", "Rome")));
        Assert.Null(FactEdits.CaseOf(Book, new("The anthem of {} is", "France", "Rome")));
    }

    [Fact]
    public void Text_states_every_fact_and_plain_sentences()
    {
        string text = FactEdits.Text(Book);

        Assert.Equal(text, FactEdits.Text(Book));
        Assert.All(Book.Facts, fact => Assert.Contains($"{fact.Prompt(fact.TaughtPhrasings[0])} {fact.Answer}.", text, StringComparison.Ordinal));
        Assert.All(Book.Filler, sentence => Assert.Contains(sentence, text, StringComparison.Ordinal));
    }

    private static Fact FactOf(EditCase asked) => FactEdits.FactOf(Book, asked.Request)!;
}
