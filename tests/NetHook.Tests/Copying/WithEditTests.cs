using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

[Collection(LiveTensors.Name)]
public class WithEditTests
{
    [Fact]
    public void The_copy_is_edited_and_the_original_is_not()
    {
        using DisposeScope scope = NewDisposeScope();
        using Sequential model = Models.Small();
        Tensor input = randn(2, 3);
        Tensor before = model.call(input);
        using Sequential edited = model.WithEdit("a", (Tensor output) => output.zeros_like());

        TensorAssert.Same(before, model.call(input));
        TensorAssert.Same(((Linear)edited[2]).call(zeros(2, 4)), edited.call(input));
        Assert.Equal(0, Hooks.Count(model));
    }

    [Fact]
    public void Names_and_weights_are_the_originals()
    {
        using var model = new TinyTransformer();
        using TinyTransformer edited = model.WithEdit("h.1", Interventions.Scale(2));
        Assert.Equal(ExactCopy.Describe(model), ExactCopy.Describe(edited));
    }

    [Fact]
    public void Copies_and_parts_of_an_edited_model_are_edited_likewise()
    {
        using DisposeScope scope = NewDisposeScope();
        using Sequential model = nn.Sequential(("in", nn.Linear(3, 3)), ("mid", Models.Small()));
        Tensor input = randn(2, 3);
        using Sequential edited = model.WithEdits(("mid.a", (Tensor output) => output * 3), ("in", Interventions.Scale(-2)));
        Tensor expected = edited.call(input);

        using Sequential copy = edited.DeepCopy();
        TensorAssert.Same(expected, copy.call(input));
        edited.Dispose();
        TensorAssert.Same(expected, copy.call(input));
        using Sequential before = copy.Subsequence(uptoLayer: "mid.b");
        using Sequential after = copy.Subsequence(firstLayer: "mid.b", shareWeights: true);
        TensorAssert.Same(expected, after.call(before.call(input)));
    }

    [Fact]
    public void An_edit_acts_before_the_traces_of_its_layer_and_is_listed_with_them()
    {
        using DisposeScope scope = NewDisposeScope();
        using Sequential model = Models.Small();
        using Sequential edited = model.WithEdit("a", Interventions.Zero());
        using var trace = new Trace(edited, "a");

        edited.call(randn(2, 3));

        Assert.False(trace.Output.any().item<bool>());
        Assert.Equal(["a: edit of the output", "a: output"], edited.ActiveTraces().Select(active => $"{active.Layer}: {active.Kind}"));
    }

    [Fact]
    public void Two_edits_of_a_layer_act_in_their_order_and_the_model_itself_can_be_edited()
    {
        using DisposeScope scope = NewDisposeScope();
        using Sequential model = nn.Sequential(("a", nn.Identity()));
        using Sequential edited = model.WithEdits(("a", (Tensor x) => x + 1), ("a", (Tensor x) => x * 10), ("", (Tensor x) => -x));
        Assert.Equal(-10, edited.call(zeros(1)).item<float>());
    }

    [Fact]
    public void An_edited_model_gives_back_all_it_holds()
    {
        using Sequential model = Models.Small();
        using Tensor input = randn(2, 3);
        long before = Live.Tensors;
        using (Sequential edited = model.WithEdit("a", Interventions.Scale(2)))
        {
            for (int i = 0; i < 3; i++)
                edited.call(input).Dispose();
            Assert.Equal(before + 4, Live.Tensors);
        }

        Assert.Equal(before, Live.Tensors);
    }

    [Fact]
    public void Mistakes_show_before_anything_is_copied()
    {
        using Sequential model = nn.Sequential(("a", nn.Linear(2, 2)), ("list", new Holder()));
        long before = Live.Tensors;
        Assert.Throws<ModuleNotFoundException>(() => model.WithEdit("b", Interventions.Zero()));
        Assert.Throws<ArgumentException>(() => model.WithEdit("a", (string output) => output));
        Messages.Same(
            "Layer 'list.items' (ModuleList<Linear>) is never called: it is no Module<T, TResult>, only a holder of modules. Trace its children: 0.",
            () => model.WithEdit("list.items", Interventions.Zero()));
        Assert.Equal((before, 0), (Live.Tensors, Hooks.Count(model)));
    }

    [Fact]
    public void A_sequential_whose_output_is_edited_is_not_cut()
    {
        using Sequential model = nn.Sequential(("in", nn.Linear(3, 3)), ("mid", Models.Small()));
        using Sequential edited = model.WithEdit("mid", Interventions.Zero());
        edited.Subsequence("mid").Dispose();
        Messages.Same(
            "The output of 'mid' is edited (WithEdit), which a part of it would lose: take it whole.",
            () => edited.Subsequence("mid.b", shareWeights: true));
    }

    private sealed class Holder : nn.Module<Tensor, Tensor>
    {
        public readonly ModuleList<Linear> items = nn.ModuleList(nn.Linear(2, 2));

        public Holder()
            : base(nameof(Holder)) => RegisterComponents();

        public override Tensor forward(Tensor input) => items[0].call(input);
    }
}
