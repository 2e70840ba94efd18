using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class HeadPatcherTests : IDisposable
{
    private const string Clean = "The capital of France is";
    private const string Counterfactual = "The capital of Paris is";

    private static readonly PatchOptions Answers = new() { CleanAnswer = "a", CounterfactualAnswer = "b" };

    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string> Families => FamilyModel.Names;

    [Theory]
    [MemberData(nameof(Families))]
    public void Each_number_is_that_of_a_pass_with_the_head_put_in_by_hand(string family)
    {
        using LanguageModel model = FamilyModel.Of(family);
        foreach (HeadPatch patch in new HeadPatcher(model).PatchParts(Clean, Counterfactual, Enum.GetValues<HeadPart>(), Answers))
        {
            Compare(model, patch);
            Assert.Equal(patch.Pair.Tokens, patch.Patched);
            Assert.True(patch.LogitDifferences.Values.Max() - patch.LogitDifferences.Values.Min() > 1e-4, $"{patch.Part} is flat");
            Assert.Equal(FamilyModel.Difference(model, patch.Pair, patch.Pair.CleanTokenIds), patch.Pair.CleanLogitDifference, 1e-4);
            Assert.Equal(FamilyModel.Difference(model, patch.Pair, patch.Pair.CounterfactualTokenIds), patch.Pair.CounterfactualLogitDifference, 1e-4);
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void One_token_at_a_time_is_that_of_a_plain_loop_too(string family)
    {
        using LanguageModel model = FamilyModel.Of(family);
        PatchOptions options = Answers with { CleanSubject = "France", CounterfactualSubject = "Germany" };

        IReadOnlyList<HeadPatch> patches = new HeadPatcher(model).PatchEachToken(Clean, "The capital of Germany is", HeadPart.Value, options);

        Assert.Equal(patches[0].Pair.Tokens, patches.SelectMany(patch => patch.Patched));
        foreach (HeadPatch patch in patches)
            Compare(model, patch);
    }

    [Fact]
    public void Two_passes_and_a_batch_of_heads_for_each_layer_are_run()
    {
        using LanguageModel model = FamilyModel.Of("llama");
        using var embedding = new Trace(model.Model, model.Layout.Embedding);
        using var last = new Trace(model.Model, model.Layout.Block(2), new() { RetainInput = true, History = CallHistory.All });
        Reports reports = [];

        new HeadPatcher(model).Patch(Clean, Counterfactual, HeadPart.Query, Answers, reports);

        Assert.Equal(2, embedding.CallCount);
        Assert.Equal([1, 1, 4, 4, 4], last.Calls.Select(call => call.Output.shape[0]));
        Assert.Equal([1.0 / 3, 2.0 / 3, 1], reports);
    }

    [Fact]
    public void What_cannot_be_patched_is_refused_before_the_first_pass()
    {
        using LanguageModel model = FamilyModel.Of("gpt2");
        using var embedding = new Trace(model.Model, model.Layout.Embedding);
        var patcher = new HeadPatcher(model);
        PatchOptions subjects = Answers with { CleanSubject = "12", CounterfactualSubject = "1234567" };

        Assert.Contains("a pattern of the one says nothing", Assert.Throws<PromptException>(
            () => patcher.Patch("The 12 is", "The 1234567 is", HeadPart.Pattern, subjects)).Message);
        Assert.Contains("is 2 tokens", Assert.Throws<PromptException>(() => patcher.Patch(Clean, Counterfactual, options: Answers with { CleanAnswer = "xy" })).Message);
        Assert.Contains("there is no logit difference", Assert.Throws<PromptException>(
            () => patcher.Patch(Clean, Counterfactual, options: Answers with { CleanAnswer = "b" })).Message);
        Assert.Contains("Choose prompts of the same number", Assert.Throws<PromptException>(() => patcher.Patch(Clean, "The", options: Answers)).Message);
        Assert.Contains("none of the parts", Assert.Throws<OptionException>(() => patcher.Patch(Clean, Counterfactual, (HeadPart)9, Answers)).Message);
        Assert.Throws<PromptException>(() => patcher.Patch(string.Concat(Enumerable.Repeat(Clean, 90)), string.Concat(Enumerable.Repeat(Clean, 90)), options: Answers));
        model.Model.train();
        Assert.Throws<InvalidOperationException>(() => patcher.Patch(Clean, Counterfactual, options: Answers));
        Assert.Equal(0, embedding.CallCount);
    }

    [Fact]
    public void A_layout_without_the_place_is_refused_by_name()
    {
        using LanguageModel own = Studied.Model("own");
        Assert.Equal("HeadOutputsPath", Assert.Throws<LayoutException>(() => new HeadPatcher(own).Patch(Clean, Counterfactual, options: Answers)).Place);
        using LanguageModel wrong = new(OwnModel.Make(TinyVocabulary.Tokenizer.VocabularySize), TinyVocabulary.Tokenizer, OwnModel.Layout with { HeadOutputsPath = "blocks.{0}.attention" });
        Assert.Contains("needs [batch, heads, tokens, ...]", Assert.Throws<LayoutException>(() => new HeadPatcher(wrong).Patch(Clean, Counterfactual, options: Answers)).Message);
    }

    [Fact]
    public void Work_can_be_cancelled_and_the_model_is_as_before()
    {
        using LanguageModel model = FamilyModel.Of("gpt2");
        using var source = new CancellationTokenSource();
        source.Cancel();

        Assert.Throws<OperationCanceledException>(() => new HeadPatcher(model).Patch(Clean, Counterfactual, options: Answers, cancellation: source.Token));

        Assert.Empty(model.Model.ActiveTraces());
    }

    public void Dispose() => _scope.Dispose();

    private static void Compare(LanguageModel model, HeadPatch patch)
    {
        string[] paths = HeadParts.Paths(model.Layout, patch.Part);
        Dictionary<string, Tensor> clean = FamilyModel.Outputs(model, paths, patch.Pair.CleanTokenIds);
        for (int layer = 0; layer < paths.Length; layer++)
        {
            for (int head = 0; head < clean[paths[layer]].shape[1]; head++)
            {
                using Trace edit = FamilyModel.PutIn(model, paths[layer], clean[paths[layer]], head, patch.Patched);
                Assert.Equal(FamilyModel.Difference(model, patch.Pair, patch.Pair.CounterfactualTokenIds), patch.LogitDifferences[layer, head], 1e-4);
            }
        }
    }
}
