using NetHook.TrainFacts;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>The program that trains the bundled model.</summary>
public sealed class FactTrainingTests
{
    private static readonly FactBook Book = FactBook.Load();
    private static readonly Tokenizer Tokenizer = Interpretability.Tokenizer.FromPretrained(BundledModel.Folder);

    [Fact]
    public void Vocabulary_learnt_from_the_facts_is_the_bundled_one()
    {
        using var folder = new TemporaryFolder();

        FactVocabulary.Learn(Book).Save(folder.Path);

        Assert.All(["vocab.json", "merges.txt"], name => Assert.Equal(File.ReadAllText(Path.Combine(BundledModel.Folder, name)), File.ReadAllText(folder[name])));
    }

    [Fact]
    public void Same_seed_gives_the_same_weights_and_another_seed_others()
    {
        float[] weights = Weights(seed: 1);

        Assert.Equal(weights, Weights(seed: 1));
        Assert.NotEqual(weights, Weights(seed: 2));
    }

    [Fact]
    public void Loss_falls()
    {
        List<double> losses = [];
        using var training = new FactTraining(Book, Tokenizer, new() { Steps = 30, Rows = 4, WarmUp = 5, ReportEvery = 10 });
        using Gpt2 model = training.Model;

        training.Run((_, loss) => losses.Add(loss));

        Assert.Equal(3, losses.Count);
        Assert.True(losses[0] > losses[1] && losses[1] > losses[2], string.Join(", ", losses));
    }

    [Fact]
    public void Model_knows_nothing_before_it_is_trained()
    {
        using var training = new FactTraining(Book, Tokenizer, new());
        using var model = new LanguageModel(training.Model, Tokenizer);
        training.Model.eval();

        Assert.InRange(new FactQuiz(model).Accuracy([.. FactQuestion.Taught(Book).Take(100)]), 0, 0.05);
    }

    private static float[] Weights(int seed)
    {
        using var training = new FactTraining(Book, Tokenizer, new() { Seed = seed, Steps = 3, Rows = 2, WarmUp = 1 });
        using Gpt2 model = training.Model;
        training.Run((_, _) => { });
        using DisposeScope scope = NewDisposeScope();
        return [.. model.parameters().SelectMany(parameter => parameter.data<float>().ToArray())];
    }
}
