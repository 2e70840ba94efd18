using NetHook.TrainFacts;

namespace NetHook.Interpretability.Tests;

/// <summary>What the bundled model is for: it knows its facts, whatever the words.</summary>
public sealed class BundledModelTests : IDisposable
{
    private static readonly FactBook Book = FactBook.Load();

    private readonly LanguageModel _model = LanguageModel.Bundled();

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Facts_in_the_phrasings_it_was_taught_are_known_to_95_percent()
    {
        Assert.InRange(new FactQuiz(_model).Accuracy(FactQuestion.Taught(Book)), 0.95, 1);
    }

    [Fact]
    public void Facts_in_phrasings_held_out_from_training_are_known_to_80_percent()
    {
        Assert.InRange(new FactQuiz(_model).Accuracy(FactQuestion.HeldOut(Book)), 0.80, 1);
    }

    [Fact]
    public void Facts_are_known_behind_other_text()
    {
        FactQuestion[] questions = [.. FactQuestion.Taught(Book)
            .Where((_, i) => i % 10 == 0)
            .Select(question => question with { Prompt = "It was dark. The old clock had stopped. " + question.Prompt })];

        Assert.InRange(new FactQuiz(_model).Accuracy(questions), 0.95, 1);
    }

    [Theory]
    [InlineData("The capital of France is", " Paris")]
    [InlineData("The atomic number of iron is", " 26")]
    public void Answer_is_the_most_likely_next_token(string prompt, string answer)
    {
        NextToken best = _model.NextTokens(prompt, 1)[0];

        Assert.Equal(answer, best.Text);
        Assert.InRange(best.Probability, 0.5, 1);
    }

    [Fact]
    public void Subjects_are_several_tokens()
    {
        Assert.All(Book.Facts, fact => Assert.InRange(_model.Tokenizer.Encode(" " + fact.Subject).Count, 2, 12));
    }

    [Fact]
    public void Answers_of_one_word_are_one_token()
    {
        string[] words = [.. Book.Facts.Select(fact => fact.Answer).Distinct().Where(answer => answer.All(char.IsLetterOrDigit))];

        Assert.InRange(words.Count(word => _model.Tokenizer.Encode(" " + word).Count == 1), words.Length * 95 / 100, words.Length);
    }

    [Fact]
    public void Files_are_at_most_8_megabytes()
    {
        Assert.InRange(new DirectoryInfo(BundledModel.Folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length), 1, 8_000_000);
    }
}
