using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

[Collection(LiveTensors.Name)]
public class SubsequenceTests
{
    private static Sequential Model() => nn.Sequential(
        ("in", nn.Linear(3, 3)), ("mid", nn.Sequential(("a", nn.Linear(3, 3)), ("act", nn.Tanh()), ("b", nn.Linear(3, 3)))), ("out", nn.Linear(3, 3)));

    [Theory]
    [InlineData("in")]
    [InlineData("mid")]
    [InlineData("mid.a")]
    [InlineData("mid.b")]
    [InlineData("out")]
    public void Both_parts_after_one_another_equal_the_whole(string layer)
    {
        using Sequential model = Model();
        foreach (bool share in (bool[])[false, true])
        {
            using Sequential before = model.Subsequence(uptoLayer: layer, shareWeights: share);
            using Sequential from = model.Subsequence(firstLayer: layer, shareWeights: share);
            using Tensor input = randn(2, 3);
            TensorAssert.Same(model.call(input), from.call(before.call(input)));
        }
    }

    [Fact]
    public void Copies_share_nothing_and_shared_layers_are_the_models_own()
    {
        using Sequential model = Model();
        using Sequential copy = model.Subsequence("mid.act", "out");
        using Sequential shared = model.Subsequence("mid.act", "out", shareWeights: true);

        Assert.NotSame(model.GetModule("out"), copy.GetModule("out"));
        Assert.NotSame(model.GetModule("mid.b"), copy.GetModule("mid.b"));
        Assert.Same(model.GetModule("out"), shared.GetModule("out"));
        Assert.Same(model.GetModule("mid.b"), shared.GetModule("mid.b"));
        Assert.Equal(typeof(Sequential), copy.GetType());
    }

    [Fact]
    public void A_shared_subsequence_leaves_the_model_alive_when_it_is_disposed_first()
    {
        using Sequential model = Model();
        using Tensor input = randn(2, 3);
        long tensors = Live.Tensors;
        using (Sequential part = model.Subsequence(afterLayer: "mid.a", shareWeights: true))
            part.call(input).Dispose();
        using (Sequential all = model.Subsequence(shareWeights: true))
            all.call(input).Dispose();

        model.call(input).Dispose();

        Assert.Equal(tensors, Live.Tensors);
    }

    [Fact]
    public void A_shared_subsequence_can_be_disposed_after_the_model()
    {
        Sequential model = Model();
        Sequential part = model.Subsequence(afterLayer: "mid.a", shareWeights: true);
        var weights = model.parameters().ToList();

        model.Dispose();
        part.Dispose();

        Assert.All(weights, weight => Assert.True(weight.IsInvalid));
        Assert.Equal(0, part.Count);
    }

    [Fact]
    public void A_copied_subsequence_lives_by_itself()
    {
        Sequential model = Model();
        using Tensor input = randn(2, 3);
        long before = Live.Tensors;
        Sequential part = model.Subsequence(afterLayer: "mid.a");
        Assert.Equal(before + 4, Live.Tensors);
        model.Dispose();
        part.call(input).Dispose();
        part.Dispose();
        Assert.Equal(before - 8, Live.Tensors);
    }

    [Fact]
    public void A_shared_subsequence_copied_is_a_model_of_its_own()
    {
        using Sequential model = Model();
        using Tensor input = ones(1, 3);
        long before = Live.Tensors;
        using (Sequential shared = model.Subsequence(afterLayer: "mid.a", shareWeights: true))
        {
            Sequential copy = shared.DeepCopy();
            Assert.Equal(typeof(Sequential), copy.GetType());
            using (NewDisposeScope())
                TensorAssert.Same(shared.call(input), copy.call(input));
            copy.Dispose();
        }

        Assert.Equal(before, Live.Tensors);
    }

    [Fact]
    public void Modes_are_kept_even_of_the_sequentials_that_are_cut()
    {
        using Sequential model = Model();
        model.eval();
        model.GetModule("mid.b").train();
        TorchSharpInternals.SetTraining(model, true);
        foreach (bool share in (bool[])[false, true])
        {
            using Sequential part = model.Subsequence(afterLayer: "mid.a", shareWeights: share);
            Assert.Equal([true, false, false, true, false], new[] { "", "mid", "mid.act", "mid.b", "out" }.Select(name => part.GetModule(name).training));
        }
    }

    [Fact]
    public void Ties_between_layers_stay_ties_in_a_copy()
    {
        (Linear? one, Linear? other) = (nn.Linear(3, 3), nn.Linear(3, 3));
        other.weight = one.weight.alias().AsParameter();
        using Sequential model = nn.Sequential(("x", nn.Linear(3, 3)), ("one", one), ("again", one), ("other", other));

        using Sequential part = model.Subsequence(afterLayer: "x");

        Assert.Same(part[0], part[1]);
    }

    [Fact]
    public void A_sequential_with_a_forward_of_its_own_is_taken_whole()
    {
        using Sequential model = nn.Sequential(("in", nn.Linear(3, 3)), ("twice", new Twice()), ("out", nn.Linear(3, 3)));
        using Sequential part = model.Subsequence(firstLayer: "twice");

        Assert.IsType<Twice>(part[0]);
        TensorAssert.Same(((Twice)model[1]).call(ones(1, 3)), ((Twice)part[0]).call(ones(1, 3)));
        using var alone = new Twice();
        Assert.IsType<Twice>(alone.Subsequence());
    }

    [Fact]
    public void A_sequential_subclass_without_a_forward_of_its_own_can_be_cut()
    {
        using Sequential model = nn.Sequential(("block", new Plain()), ("out", nn.Linear(3, 3)));
        using Sequential part = model.Subsequence(afterLayer: "block.a");
        Assert.Equal("[block=[b=3] out=3]", Net.Show(part));
    }

    [Fact]
    public void Names_with_dots_in_them_are_found()
    {
        using Sequential model = nn.Sequential(("conv.1", nn.Linear(3, 3)), ("block.2", nn.Sequential(("a", nn.Linear(3, 3)), ("b.c", nn.Linear(4, 4)))));
        using Sequential part = model.Subsequence(firstLayer: "block.2.b.c");
        Assert.Equal("[block.2=[b.c=4]]", Net.Show(part));
    }

    [Fact]
    public void Nothing_selected_below_the_top_is_null()
    {
        using Sequential model = Model();
        Assert.Null(model.HierarchicalSubsequence(null, null, ["x", "out"], null, depth: 1));
        Assert.Null(model.HierarchicalSubsequence(["x", "mid"], null, null, ["x", "mid"], depth: 1));
        using nn.Module? empty = model.HierarchicalSubsequence(null, null, ["out"], null);
        Assert.Equal("[]", Net.Show(empty!));
        TensorAssert.Same(ones(2), ((Sequential)empty!).call(ones(2)));
    }

    [Fact]
    public void Without_limits_any_module_is_copied_or_stands_for_itself()
    {
        using Linear linear = nn.Linear(3, 3);
        using nn.Module? copy = linear.HierarchicalSubsequence(null, null, null, null);
        Assert.NotSame(linear, Assert.IsType<Linear>(copy));
        Assert.Same(linear, linear.HierarchicalSubsequence(null, null, null, null, shareWeights: true));
    }

    [Fact]
    public void Mistakes_are_explained()
    {
        using Sequential model = Model();
        Messages.Same(
            "The range is inverted: it begins after 'mid.b' and ends with 'mid.a'. In 'mid' the layers are, in order, a, act, b.",
            () => model.Subsequence(afterLayer: "mid.b", lastLayer: "mid.a"));
        Messages.Same(
            "The range is inverted: it begins with 'out' and ends before 'mid.a'. The layers are, in order, in, mid, out.",
            () => model.Subsequence(firstLayer: "out", uptoLayer: "mid.a"));
        Messages.Same("A subsequence begins with 'in' or after 'mid', not both.", () => model.Subsequence(firstLayer: "in", afterLayer: "mid"));
        Messages.Same("A subsequence ends with 'mid' or before 'out', not both.", () => model.Subsequence(lastLayer: "mid", uptoLayer: "out"));
        Messages.Same("A single layer, 'mid', is a whole range: 'out' cannot limit it.", () => model.Subsequence(singleLayer: "mid", uptoLayer: "out"));
        Messages.Same(
            "Sequential has no module 'mid.c': 'mid' (Sequential) has no child 'c'; it has a, act, b. Did you mean 'mid.a', 'mid.b' or 'mid'?",
            () => model.Subsequence("mid.c"));
        Messages.Same(
            "A subsequence cannot begin or end at 'in.weight': 'in' is a Linear, not a Sequential, and has to be taken whole.",
            () => model.Subsequence("in.weight"));
        using var twice = new Twice();
        Messages.Same(
            "A subsequence cannot begin or end at 'a': the model is a Twice, a Sequential with a forward of its own, which has to be taken whole.",
            () => twice.Subsequence("a"));
        Messages.Same(
            "All of a Twice, which has a forward of its own, can be copied; to share it, use the model itself.",
            () => twice.Subsequence(shareWeights: true));
    }

    private sealed class Plain() : Sequential(("a", nn.Linear(3, 3)), ("b", nn.Linear(3, 3)));
}
