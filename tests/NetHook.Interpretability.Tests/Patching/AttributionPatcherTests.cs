using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class AttributionPatcherTests : IDisposable
{
    private const string Clean = "The capital of France is";
    private const string Counterfactual = "The capital of Paris is";

    private static readonly HeadPart[] All = Enum.GetValues<HeadPart>();
    private static readonly PatchOptions Answers = new() { CleanAnswer = "a", CounterfactualAnswer = "b" };

    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string> Families => FamilyModel.Names;

    [Theory]
    [MemberData(nameof(Families))]
    public void Each_estimate_is_that_of_a_plain_gradient_with_the_softmax_computed_anew(string family)
    {
        using LanguageModel model = FamilyModel.Of(family);

        AttributionPatch patch = new AttributionPatcher(model).Estimate(Clean, Counterfactual, new() { Parts = All, Prompts = Answers });

        Dictionary<string, Tensor> gradients = Gradients(model, patch.Pair, -1);
        Assert.Equal(All.Length * patch.Nodes.Count(node => node.Part == HeadPart.Output), patch.Nodes.Count);
        foreach (HeadPart part in All)
            Assert.True(patch.Nodes.Where(node => node.Part == part).Max(node => node.Strength) > 1e-3, $"{part} is flat");
        (Dictionary<string, Tensor> Clean, Dictionary<string, Tensor> Own) states = States(model, patch.Pair);
        Assert.All(patch.Nodes, node => Assert.Equal(Plain(model, states, gradients, node, patch.Pair), node.Estimate, 2e-4));
        Assert.Equal(patch.Nodes.Select(node => Math.Abs(node.Estimate)).OrderDescending(), patch.Nodes.Select(node => node.Strength));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void GradDrop_is_the_mean_over_passes_with_what_one_block_adds_cut_off(string family)
    {
        using LanguageModel model = FamilyModel.Of(family);

        AttributionPatch patch = new AttributionPatcher(model).Estimate(Clean, Counterfactual, new() { Parts = All, GradDrop = true, Prompts = Answers });

        int layers = model.Layout.Layers;
        (Dictionary<string, Tensor> Clean, Dictionary<string, Tensor> Own) states = States(model, patch.Pair);
        Dictionary<string, Tensor>[] dropped = [.. Enumerable.Range(0, layers).Select(block => Gradients(model, patch.Pair, block))];
        Dictionary<string, Tensor> whole = Gradients(model, patch.Pair, -1);
        Assert.All(patch.Nodes.Where((_, i) => i % 5 == 0), node =>
        {
            Assert.Equal(dropped.Sum(gradients => Math.Abs(Plain(model, states, gradients, node, patch.Pair))) / (layers - 1), node.Strength, 2e-4);
            Assert.Equal(Plain(model, states, whole, node, patch.Pair), node.Estimate, 2e-4);
        });
        Assert.Contains("GradDrop", patch.ToString());
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("gemma2")]
    public void The_strongest_have_the_exact_values_of_the_patcher(string family)
    {
        using LanguageModel model = FamilyModel.Of(family);
        IReadOnlyList<HeadPatch> exact = new HeadPatcher(model).PatchEachToken(Clean, Counterfactual, HeadPart.Key, Answers);

        AttributionPatch patch = new AttributionPatcher(model).Estimate(Clean, Counterfactual, new() { Parts = [HeadPart.Key], Top = int.MaxValue, Prompts = Answers });
        AttributionPatch some = new AttributionPatcher(model).Estimate(Clean, Counterfactual, new() { Parts = [HeadPart.Key], Top = 3, Prompts = Answers });

        double Exact(AttributedNode node) => exact[node.Token.CounterfactualPosition].LogitDifferences[node.Layer, node.Head] - patch.Pair.CounterfactualLogitDifference;
        Assert.Equal(patch.Nodes.Count, patch.Verified);
        Assert.All(patch.Nodes, node => Assert.Equal(Exact(node), node.Exact!.Value, 1e-5));
        Assert.Equal(patch.Nodes.Take(3).Select(node => node.Exact!.Value), some.Nodes.Take(3).Select(node => node.Exact!.Value), (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.All(some.Nodes.Skip(3), node => Assert.Null(node.Exact));

        // The recall, by sets.
        HashSet<AttributedNode> largest = [.. patch.Nodes.OrderByDescending(node => Math.Abs(Exact(node))).Take(7)];
        Assert.Equal(patch.Nodes.Take(7).Count(largest.Contains) / 7.0, patch.RecallOf(7), 1e-9);
        Assert.Equal(patch.RecallOf((patch.Verified + 1) / 2), patch.Recall);
        Assert.Throws<ArgumentOutOfRangeException>(() => some.RecallOf(4));
        Assert.Equal(patch.Nodes.Where(node => (node.Layer, node.Head) == (1, 1)).Sum(node => node.Estimate), patch.ByHead(HeadPart.Key)[1, 1], 1e-9);
        Assert.Throws<ArgumentException>(() => patch.ByHead(HeadPart.Value));
        Assert.Contains("Recall among the verified: ", some.ToString());
    }

    [Theory]
    [InlineData(false, 1, HeadPart.Output)]
    [InlineData(false, 2, HeadPart.Query)]
    [InlineData(true, 3, HeadPart.Query, HeadPart.Key, HeadPart.Output)]
    public void Two_passes_forward_and_one_backward_are_run(bool gradDrop, int rows, params HeadPart[] parts)
    {
        using LanguageModel model = FamilyModel.Of("llama");
        int[] backward = new int[3];
        using var embedding = new Trace(model.Model, model.Layout.Embedding, new() { History = CallHistory.All });
        using var blocks = new TraceDict(model.Model, [.. Enumerable.Range(0, 3).Select(layer => model.Layout.AttentionPath!.Replace("{0}", $"{layer}", StringComparison.Ordinal))], new()
        {
            EditGradient = (Tensor gradient, string layer) =>
            {
                backward[layer.Split('.')[2][0] - '0']++;
                return gradient;
            },
        });

        new AttributionPatcher(model).Estimate(Clean, Counterfactual, new() { Parts = parts, GradDrop = gradDrop, Prompts = Answers });

        // With GradDrop each further backward pass ends before the block that it drops.
        Assert.Equal([1, rows], embedding.Calls.Select(call => call.Output.shape[0]));
        Assert.Equal(gradDrop ? [3, 2, 1] : [1, 1, 1], backward);
    }

    [Fact]
    public void On_the_bundled_model_it_runs_less_than_a_tenth_of_the_blocks_that_patching_runs()
    {
        using var model = LanguageModel.Bundled();
        (string clean, string other) = ("The capital of France is", "The capital of Italy is");
        AttributionOptions options = new() { Parts = All };

        long forward = RowsOfBlocks(() => new AttributionPatcher(model).Estimate(clean, other, options));
        long exact = All.Length * RowsOfBlocks(() => new HeadPatcher(model).PatchEachToken(clean, other, HeadPart.Output));

        // A backward pass costs two forward ones, and has the rows of the second.
        long backward = 2 * 3 * model.Layout.Layers;
        Assert.InRange(10 * (forward + backward), 1, exact);

        long RowsOfBlocks(Action run)
        {
            long rows = 0;
            using var blocks = new TraceDict(model.Model, Enumerable.Range(0, model.Layout.Layers).Select(model.Layout.Block), new()
            {
                RetainOutput = false,
                EditOutput = Tensor? (Tensor output) =>
                {
                    rows += output.shape[0];
                    return null;
                },
            });
            run();
            return rows;
        }
    }

    [Fact]
    public void The_model_gets_no_gradients_and_may_be_frozen_or_in_another_graph()
    {
        using LanguageModel model = FamilyModel.Of("gpt_neox");
        AttributionOptions options = new() { Parts = All, GradDrop = true, Prompts = Answers };
        AttributionPatch plain = new AttributionPatcher(model).Estimate(Clean, Counterfactual, options);
        Assert.All(model.Model.parameters(), parameter => Assert.Null(parameter.grad));

        using (NetHook.Gradients.Frozen(model.Model))
        {
            using IDisposable _ = no_grad();
            Assert.Equal(plain.Nodes, new AttributionPatcher(model).Estimate(Clean, Counterfactual, options).Nodes);
            Assert.False(is_grad_enabled());
        }

        Assert.Empty(model.Model.ActiveTraces());
    }

    [Fact]
    public void Prompts_of_unequal_length_are_aligned_by_their_subjects()
    {
        using LanguageModel model = FamilyModel.Of("llama");
        PatchOptions subjects = Answers with { CleanSubject = "12", CounterfactualSubject = "1234567" };
        HeadPart[] parts = [HeadPart.Output, HeadPart.Query, HeadPart.Key, HeadPart.Value];

        AttributionPatch patch = new AttributionPatcher(model).Estimate("The 12 is", "The 1234567 is", new() { Parts = parts, Prompts = subjects });

        Assert.NotEqual(patch.Pair.CleanTokenIds.Count, patch.Pair.CounterfactualTokenIds.Count);
        (Dictionary<string, Tensor> Clean, Dictionary<string, Tensor> Own) states = States(model, patch.Pair);
        Dictionary<string, Tensor> gradients = Gradients(model, patch.Pair, -1);
        Assert.All(patch.Nodes, node => Assert.Equal(Plain(model, states, gradients, node, patch.Pair), node.Estimate, 2e-4));
    }

    [Fact]
    public void What_cannot_be_estimated_is_refused_before_the_first_pass()
    {
        using LanguageModel model = FamilyModel.Of("gpt2");
        using var embedding = new Trace(model.Model, model.Layout.Embedding);
        var patcher = new AttributionPatcher(model);
        AttributionOptions options = new() { Prompts = Answers };

        Assert.Equal("Top", Assert.Throws<OptionException>(() => patcher.Estimate(Clean, Counterfactual, options with { Top = 0 })).ParamName);
        Assert.Equal("Parts", Assert.Throws<OptionException>(() => patcher.Estimate(Clean, Counterfactual, options with { Parts = [] })).ParamName);
        Assert.Throws<PromptException>(() => patcher.Estimate(Clean, "The", options));
        Assert.Throws<PromptException>(() => patcher.Estimate(Clean, Counterfactual, options with { Prompts = Answers with { CleanAnswer = "xy" } }));
        Assert.Equal(0, embedding.CallCount);
        using LanguageModel own = Studied.Model("own");
        Assert.Throws<LayoutException>(() => new AttributionPatcher(own).Estimate(Clean, Counterfactual, options with { Parts = [HeadPart.Query] }));
    }

    public void Dispose() => _scope.Dispose();

    private static string[] Places(TransformerLayout layout) => [.. All.SelectMany(part => HeadParts.Paths(layout, part))];

    private static (Dictionary<string, Tensor> Clean, Dictionary<string, Tensor> Own) States(LanguageModel model, PromptPair pair) =>
        (FamilyModel.Outputs(model, Places(model.Layout), pair.CleanTokenIds), FamilyModel.Outputs(model, Places(model.Layout), pair.CounterfactualTokenIds));

    /// <summary>The gradients of the logit difference at all places, by a whole pass of its own, with what one block adds cut off.</summary>
    private static Dictionary<string, Tensor> Gradients(LanguageModel model, PromptPair pair, int cut)
    {
        string[] places = Places(model.Layout);
        using Trace? edit = cut < 0 ? null : new Trace(model.Model, model.Layout.Block(cut), new()
        {
            RetainOutput = false,
            EditOutput = (Tensor output, Tensor input) => output.detach() + input - input.detach(),
        });
        using var traces = new TraceDict(model.Model, places, new() { RetainGrad = true });
        Tensor logits = model.Model.call(model.Parts.Ids(pair.CounterfactualTokenIds))[0, -1];
        (logits[pair.CleanAnswerId] - logits[pair.CounterfactualAnswerId]).backward();
        Dictionary<string, Tensor> gradients = places.ToDictionary(place => place, place => IsCut(place) ? zeros_like(traces[place].Output) : traces[place].Gradient);
        foreach (TorchSharp.Modules.Parameter parameter in model.Model.parameters())
            parameter.grad = null;
        return gradients;

        bool IsCut(string place) => cut >= 0 && All.Any(part => HeadParts.Path(model.Layout, part, cut) == place);
    }

    private static double Plain(
        LanguageModel model, (Dictionary<string, Tensor> Clean, Dictionary<string, Tensor> Own) states, Dictionary<string, Tensor> gradients, AttributedNode node, PromptPair pair)
    {
        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        string path = HeadParts.Path(model.Layout, node.Part, node.Layer), pattern = model.Layout.AttentionPattern(node.Layer);
        if (node.Part is not (HeadPart.Query or HeadPart.Key))
        {
            Tensor change = states.Clean[path][0, node.Head, node.Token.CleanPosition] - states.Own[path][0, node.Head, node.Token.CounterfactualPosition];
            return (change * gradients[path][0, node.Head, node.Token.CounterfactualPosition]).sum().item<float>();
        }

        using Trace edit = FamilyModel.PutIn(model, path, states.Clean[path], node.Head, [node.Token]);
        using var trace = new Trace(model.Model, pattern, new() { Stop = true });
        trace.Run(() => model.Model.call(model.Parts.Ids(pair.CounterfactualTokenIds)));
        return ((trace.Output - states.Own[pattern]) * gradients[pattern]).sum().item<float>();
    }
}
