using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class PathPatcherTests : IDisposable
{
    private const string Clean = "The capital of France is";
    private const string Counterfactual = "The capital of Paris is";

    private static readonly PatchOptions Answers = new() { CleanAnswer = "a", CounterfactualAnswer = "b" };

    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string, string, string, bool> Paths
    {
        get
        {
            TheoryData<string, string, string, bool> data = [];
            foreach (string family in FamilyModel.Names)
            {
                foreach ((string sender, string receiver) in new[] { ("0.1", "1.0.q"), ("0.0", "2.1.k"), ("1.1", "2.0.v"), ("0.1", "logits"), ("mlp.0", "1.1.v"), ("0.1", "mlp.2"), ("0.0", "mlp.0"), ("mlp.0", "logits") })
                {
                    data.Add(family, sender, receiver, false);
                    data.Add(family, sender, receiver, true);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void A_path_is_that_of_two_passes_by_hand(string family, string from, string to, bool freezeMlps)
    {
        using LanguageModel model = FamilyModel.Of(family);
        (PathNode sender, PathNode receiver) = (PathNode.Parse(from), PathNode.Parse(to));
        if (receiver.Layer >= model.Layout.Layers)
            return;

        PathPatch patch = new PathPatcher(model).Patch(Clean, Counterfactual, sender, receiver, new() { FreezeMlps = freezeMlps, Prompts = Answers });

        Assert.Equal(ByHand(model, patch, freezeMlps), patch.LogitDifference, 1e-4);
        Assert.Equal(patch.Pair.Normalize(patch.LogitDifference), patch.Normalized);
        Assert.Contains($"What the clean {from} says to {to} alone", patch.ToString());
    }

    [Fact]
    public void Two_passes_to_record_and_two_of_a_part_are_run()
    {
        using LanguageModel model = FamilyModel.Of("llama");
        using var embedding = new Trace(model.Model, model.Layout.Embedding);
        using var blocks = new TraceDict(model.Model, Enumerable.Range(0, 3).Select(model.Layout.Block));

        new PathPatcher(model).Patch(Clean, Counterfactual, PathNode.OfHead(1, 0), PathNode.OfHead(2, 1, HeadPart.Key), new() { Prompts = Answers });

        Assert.Equal(2, embedding.CallCount);
        Assert.Equal([2, 3, 4], blocks.Values.Select(block => block.CallCount));
    }

    [Theory]
    [InlineData("0.1", "0.0.q", "It does not come behind the sender, 0.1, which says nothing to it.")]
    [InlineData("mlp.1", "mlp.1", "It does not come behind the sender")]
    [InlineData("0.1", "7.0.q", "The model has no layer 7: its layers are 0 to 2.")]
    [InlineData("0.9", "1.0.q", "Layer 0 has no head 9: its heads are 0 to 3.")]
    [InlineData("0.1", "1.4.q", "Layer 1 has no head 4: its heads are 0 to 3.")]
    [InlineData("0.1", "1.0", "A head receives by its queries, keys or values: say which, such as 5.0.q.")]
    [InlineData("0.1.q", "1.0.q", "A path begins at the output of a head, such as 3.1, or of an MLP, such as mlp.2.")]
    [InlineData("logits", "1.0.q", "A path begins at the output of a head, such as 3.1, or of an MLP, such as mlp.2.")]
    public void Ends_that_no_path_has_are_refused(string from, string to, string message)
    {
        using LanguageModel model = FamilyModel.Of("llama");
        using var embedding = new Trace(model.Model, model.Layout.Embedding);

        Assert.StartsWith(message, Assert.Throws<OptionException>(
            () => new PathPatcher(model).Patch(Clean, Counterfactual, PathNode.Parse(from), PathNode.Parse(to), new() { Prompts = Answers })).Message, StringComparison.Ordinal);
        Assert.Equal(0, embedding.CallCount);
    }

    [Theory]
    [InlineData("3.1")]
    [InlineData("5.0.q")]
    [InlineData("5.0.k")]
    [InlineData("5.0.v")]
    [InlineData("mlp.2")]
    [InlineData("logits")]
    public void Nodes_are_read_as_they_are_written(string text) => Assert.Equal(text, PathNode.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("3")]
    [InlineData("3.-1")]
    [InlineData("a.b")]
    [InlineData("mlp")]
    [InlineData("3.1.z")]
    public void What_is_no_node_is_refused(string text) => Assert.Contains("is no part of a model", Assert.Throws<FormatException>(() => PathNode.Parse(text)).Message);

    public void Dispose() => _scope.Dispose();

    private static double ByHand(LanguageModel model, PathPatch patch, bool freezeMlps)
    {
        TransformerLayout layout = model.Layout;
        string[] heads = HeadParts.Paths(layout, HeadPart.Output), mlps = RecordedStates.Paths(layout, StateKind.Mlp);
        Dictionary<string, Tensor> clean = FamilyModel.Outputs(model, [.. heads, .. mlps], patch.Pair.CleanTokenIds);
        Dictionary<string, Tensor> own = FamilyModel.Outputs(model, [.. heads, .. mlps], patch.Pair.CounterfactualTokenIds);
        string sending = patch.Sender.Head is null ? layout.Mlp(patch.Sender.Layer!.Value) : layout.HeadOutputs(patch.Sender.Layer!.Value);
        string? receiving = patch.Receiver.Layer is not { } layer ? null
            : patch.Receiver.Head is null ? layout.Mlp(layer) : HeadParts.Path(layout, patch.Receiver.Part, layer);
        Tensor received;
        using (new TraceDict(model.Model, freezeMlps ? [.. heads, .. mlps] : patch.Sender.Head is null ? [.. heads, sending] : heads, new()
        {
            RetainOutput = false,
            EditOutput = (Tensor output, string path) =>
            {
                if (path != sending)
                    return own[path];
                if (patch.Sender.Head is not { } head)
                    return clean[path];
                Tensor held = own[path].clone();
                held[0, head] = clean[path][0, head];
                return held;
            },
        }))
        {
            using Trace? trace = receiving is null ? null : new(model.Model, receiving, new() { RetainInput = true });
            double direct = FamilyModel.Difference(model, patch.Pair, patch.Pair.CounterfactualTokenIds);
            if (trace is null)
                return direct;
            received = patch.Receiver.Head is null ? trace.Input : trace.Output;
        }

        using Trace edit = patch.Receiver.Head is { } receiver
            ? FamilyModel.PutIn(model, receiving!, received, receiver, patch.Pair.Tokens)
            : new Trace(model.Model, receiving!, new() { RetainOutput = false, EditInput = (Tensor _) => received });
        return FamilyModel.Difference(model, patch.Pair, patch.Pair.CounterfactualTokenIds);
    }
}
