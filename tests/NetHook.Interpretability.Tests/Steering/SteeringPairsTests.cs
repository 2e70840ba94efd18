using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class SteeringPairsTests : IDisposable
{
    private static readonly string[] Positives = ["The capital of France is", "Paris", "they'll do"];
    private static readonly string[] Negatives = ["don't", "The capital of Germany is Berlin", "I've 12 34"];

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Families => FamilyModel.Names;

    [Theory]
    [MemberData(nameof(Families))]
    public void Each_vector_is_that_of_prompts_run_one_by_one(string family)
    {
        using LanguageModel model = FamilyModel.Of(family);
        string layer = model.Layout.Block(1);
        Tensor States(string[] prompts) => stack([.. prompts.Select(prompt => FamilyModel.Outputs(model, [layer], model.Tokenizer.Encode(prompt))[layer][0, -1])]);
        Tensor differences = States(Positives) - States(Negatives);

        using var addition = SteeringVector.FromPairs(model, Positives, Negatives, 1);
        using var means = SteeringVector.FromPairs(model, Positives[..2], Negatives, 1, SteeringMethod.DifferenceOfMeans);
        using var principal = SteeringVector.FromPairs(model, Positives, Negatives, layer, SteeringMethod.PrincipalComponent);

        Assert.True(addition.Vector.allclose(differences.mean([0]), 1e-4, 1e-5));
        Assert.True(means.Vector.allclose(States(Positives[..2]).mean([0]) - States(Negatives).mean([0]), 1e-4, 1e-5));
        Assert.True(principal.Vector.allclose(PowerIteration(differences), 1e-2, 1e-3), "principal component");
        Assert.True(principal.Vector.dot(differences.mean([0])).item<float>() > 0);
        Assert.Equal(layer, addition.Layer);
    }

    [Fact]
    public void A_model_of_ones_own_is_padded_behind_its_prompts()
    {
        using LanguageModel model = Studied.Model("own");
        Tensor Mean(string[] prompts) => stack([.. prompts.Select(prompt => FamilyModel.Outputs(model, ["blocks.1"], model.Tokenizer.Encode(prompt))["blocks.1"][0, -1])]).mean([0]);

        using var made = SteeringVector.FromPairs(model, Positives, Negatives, 1);

        Assert.True(made.Vector.allclose(Mean(Positives) - Mean(Negatives), 1e-4, 1e-5));
    }

    [Fact]
    public void It_is_saved_with_the_model_the_layer_and_how_it_was_made()
    {
        using LanguageModel model = FamilyModel.Of("llama"), other = FamilyModel.Of("mistral");
        using (var made = SteeringVector.FromPairs(model, Positives, Negatives, 2))
            made.Save(_folder["a.safetensors"]);

        using var read = SteeringVector.Load(_folder["a.safetensors"]);
        using var elsewhere = SteeringVector.FromPairs(other, Positives, Negatives, 2);

        Assert.Equal(("model.layers.2", "contrastive activation addition, 3 pairs, at the last token"), (read.Layer, read.Method));
        Assert.Matches("^Llama [0-9a-f]{16}$", read.Model);
        Assert.NotEqual(read.Model, elsewhere.Model);
        using var file = SafetensorsFile.Open(_folder["a.safetensors"]);
        Assert.Equal(read.Model, file.Metadata["model"]);
    }

    [Fact]
    public void Prompts_run_in_batches_that_end_at_the_layer()
    {
        using LanguageModel model = FamilyModel.Of("gpt2");
        using var blocks = new TraceDict(model.Model, Enumerable.Range(0, model.Layout.Layers).Select(model.Layout.Block), new() { RetainOutput = false });
        Reports reports = [];

        SteeringVector.FromPairs(model, [.. Enumerable.Repeat(Positives, 4).SelectMany(one => one)], [.. Enumerable.Repeat(Negatives, 4).SelectMany(one => one)], 0, progress: reports).Dispose();

        Assert.Equal(2, blocks[model.Layout.Block(0)].CallCount);
        Assert.Equal(0, blocks[model.Layout.Block(1)].CallCount);
        Assert.Equal([0.5, 1], reports);
    }

    [Fact]
    public void What_gives_no_vector_is_refused()
    {
        using LanguageModel model = FamilyModel.Of("gpt2");
        using var embedding = new Trace(model.Model, model.Layout.Embedding);

        Assert.Contains("no layer 9: its layers are 0 to", Assert.Throws<OptionException>(() => SteeringVector.FromPairs(model, Positives, Negatives, 9)).Message);
        Assert.Throws<ModuleNotFoundException>(() => SteeringVector.FromPairs(model, Positives, Negatives, "nowhere"));
        Assert.Contains("3 positive prompts and 2 negative ones", Assert.Throws<PromptException>(() => SteeringVector.FromPairs(model, Positives, Negatives[..2], 0)).Message);
        Assert.Contains("There are no positive", Assert.Throws<PromptException>(() => SteeringVector.FromPairs(model, [], Negatives, 0)).Message);
        Assert.Contains("none of the methods", Assert.Throws<OptionException>(() => SteeringVector.FromPairs(model, Positives, Negatives, 0, (SteeringMethod)7)).Message);
        Assert.Contains("Prompt 1 is empty", Assert.Throws<PromptException>(() => SteeringVector.FromPairs(model, ["a", ""], Negatives[..2], 0)).Message);
        Assert.Equal(0, embedding.CallCount);
        Assert.Contains("do not differ", Assert.Throws<PromptException>(() => SteeringVector.FromPairs(model, Positives, Positives, 0)).Message);
        Assert.Contains("needs a layer that gives [prompts, tokens, features]", Assert.Throws<ArgumentException>(
            () => SteeringVector.FromPairs(model, Positives, Negatives, model.Layout.Queries(0))).Message);
        embedding.Dispose();
        Assert.Empty(model.Model.ActiveTraces());
    }

    [Fact]
    public void A_trial_has_a_random_vector_of_the_same_norm_beside_each_strength()
    {
        using LanguageModel model = FamilyModel.Of("gemma2");
        string[] prompts = ["The capital of France is", "Paris"];
        using var vector = SteeringVector.FromPairs(model, Positives, Negatives, 1);
        using SteeringVector random = vector.RandomLike(5);
        Reports reports = [];

        var trial = SteeringTrial.Run(model, vector, prompts, new() { Strengths = [2, -1], Answer = "a", Against = "b", MaxTokens = 3, Seed = 5 }, reports);

        Assert.Equal(vector.Norm, random.Norm, 1e-4);
        Assert.Equal([(0, false), (2, false), (2, true), (-1, false), (-1, true)], trial.Outcomes.Select(outcome => (outcome.Strength, outcome.Random)));
        foreach (SteeringOutcome outcome in trial.Outcomes)
        {
            using Trace? steer = outcome.Strength == 0 ? null : (outcome.Random ? random : vector).Attach(model.Model, outcome.Strength);
            double measured = prompts.Average(prompt =>
            {
                Tensor logits = model.Model.call(model.Tokens(prompt))[0, -1];
                return (logits[model.Tokenizer.Encode("a")[0]] - logits[model.Tokenizer.Encode("b")[0]]).item<float>();
            });
            Assert.Equal(measured, outcome.Measure!.Value, 1e-4);
            Assert.Equal(prompts.Select(prompt => model.Generate(prompt, 3)), outcome.Texts);
        }

        Assert.Equal([0.2, 0.6, 1], reports);
        Assert.Contains("2 x a random vector of that norm: logit(\"a\") - logit(\"b\") ", trial.ToString());
        Assert.StartsWith("model.layers.1, norm ", trial.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_trial_without_another_answer_measures_the_log_probability()
    {
        using LanguageModel model = FamilyModel.Of("gpt2");
        using var vector = SteeringVector.FromPairs(model, Positives, Negatives, 0);
        using var embedding = new Trace(model.Model, model.Layout.Embedding);

        var trial = SteeringTrial.Run(model, vector, ["Paris"], new() { Answer = "a", MaxTokens = 0 });

        Assert.Equal(3, embedding.CallCount);
        Assert.Equal(model.NextTokens("Paris", model.VocabularySize).First(token => token.Id == model.Tokenizer.Encode("a")[0]).Probability, Math.Exp(trial.Outcomes[0].Measure!.Value), 1e-6);
        Assert.All(trial.Outcomes, outcome => Assert.Empty(outcome.Texts));
    }

    [Fact]
    public void What_cannot_be_tried_is_refused_before_the_first_pass()
    {
        using LanguageModel model = FamilyModel.Of("gpt2");
        using var vector = SteeringVector.FromPairs(model, Positives, Negatives, 0);
        using var elsewhere = new SteeringVector("nowhere", zeros(3));
        using var embedding = new Trace(model.Model, model.Layout.Embedding);
        SteeringTrialOptions options = new();

        Assert.Throws<OptionException>(() => SteeringTrial.Run(model, vector, Positives, options with { Strengths = [] }));
        Assert.Throws<OptionException>(() => SteeringTrial.Run(model, vector, Positives, options with { Strengths = [0] }));
        Assert.Throws<OptionException>(() => SteeringTrial.Run(model, vector, Positives, options with { Strengths = [double.NaN] }));
        Assert.Throws<OptionException>(() => SteeringTrial.Run(model, vector, Positives, options with { MaxTokens = -1 }));
        Assert.Throws<OptionException>(() => SteeringTrial.Run(model, vector, Positives, options with { Against = "a" }));
        Assert.Throws<PromptException>(() => SteeringTrial.Run(model, vector, Positives, options with { Answer = "xy" }));
        Assert.Throws<PromptException>(() => SteeringTrial.Run(model, vector, Positives, options with { Answer = "a", Against = "a" }));
        Assert.Throws<PromptException>(() => SteeringTrial.Run(model, vector, [], options));
        Assert.Throws<ModuleNotFoundException>(() => SteeringTrial.Run(model, elsewhere, Positives, options));
        Assert.Equal(0, embedding.CallCount);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _scope.Dispose();
    }

    /// <summary>The direction of the largest Σ (dᵢ · u)², by repeated multiplication, as long as the mean of the projections.</summary>
    private static Tensor PowerIteration(Tensor differences)
    {
        Tensor wide = differences.to(ScalarType.Float64), direction = ones(wide.shape[1], ScalarType.Float64);
        for (int i = 0; i < 3000; i++)
        {
            direction = wide.t().matmul(wide.matmul(direction));
            direction /= direction.norm();
        }

        return (direction * wide.matmul(direction).mean()).to(ScalarType.Float32);
    }
}
