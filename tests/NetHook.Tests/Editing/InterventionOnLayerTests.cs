using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Interventions as edits of a model's layers.</summary>
[Collection(LiveTensors.Name)]
public class InterventionOnLayerTests
{
    [Fact]
    public void Intervention_serves_as_edit_of_output_and_of_input()
    {
        using Sequential net = Models.Small();
        Tensor x = randn(2, 3);
        Tensor bias = net.GetParameter("c.bias").expand(2, 2);
        using (new Trace(net, "b", new() { EditOutput = Interventions.Zero() }))
            TensorAssert.Same(bias, net.call(x));
        using (new Trace(net, "c", new() { EditInput = Interventions.Zero() }))
            TensorAssert.Same(bias, net.call(x));
    }

    [Fact]
    public void Patching_a_layer_with_its_own_activation_is_bitwise_a_no_op()
    {
        using Sequential net = Models.Small();
        Tensor x = randn(2, 3);
        using var saved = new TraceDict(net, ["a", "b", "c"], new() { Clone = true, Detach = true });
        Tensor plain = net.call(x);
        foreach (string layer in saved.Keys.ToList())
        {
            using var patch = new Trace(net, layer, new() { EditOutput = Interventions.Replace(saved[layer].Output) });
            TensorAssert.Same(plain, net.call(x));
            using var part = new Trace(net, layer, new() { EditOutput = Interventions.Replace(Slice.Features(1).Of(saved[layer].Output)).At(Slice.Features(1)) });
            TensorAssert.Same(plain, net.call(x));
        }
    }

    [Fact]
    public void Saved_activation_stays_as_it_is_where_the_model_goes_on_in_place()
    {
        using Sequential net = Models.Small();
        using Tensor saved = full(2, 4, -1f);
        using var patch = new Trace(net, "a", new() { EditOutput = Interventions.Replace(saved) });
        for (int i = 0; i < 2; i++)
            TensorAssert.Same(net.GetParameter("c.bias").expand(2, 2), net.call(randn(2, 3)));
        TensorAssert.Same(full(2, 4, -1f), saved);
    }

    [Fact]
    public void One_saved_row_may_be_patched_in_before_a_layer_in_place()
    {
        using Sequential net = Models.Small();
        using Tensor row = randn(1, 4);
        using var patch = new Trace(net, "a", new() { EditOutput = Interventions.Replace(row) });
        TensorAssert.Same(((nn.Module<Tensor, Tensor>)net.GetModule("c")).call(row.relu().expand(2, 4)), net.call(randn(2, 3)));
    }

    [Fact]
    public void Order_of_several_traces_on_one_layer_is_that_of_attaching()
    {
        using nn.Module<Tensor, Tensor> layer = Models.Layer(x => x * 1);
        using var first = new Trace(layer, null, new() { EditOutput = Interventions.Add(ones(1)) });
        using var second = new Trace(layer, null, new() { EditOutput = Interventions.Scale(10) });
        Assert.Equal(20f, layer.call(ones(1)).ToSingle());
    }

    [Fact]
    public void Misfit_names_the_layer_it_was_used_at()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "b", new() { EditOutput = Interventions.Add(ones(7)) });
        Messages.Same(
            "Add at layer 'b': a tensor of shape [7] does not fit an activation of shape [2, 4]; each dimension, from the last, must be the same or 1.",
            () => net.call(randn(2, 3)));
    }

    [Fact]
    public void Interventions_leave_no_tensors_behind()
    {
        using nn.Module<Tensor, Tensor> layer = Models.Layer(x => x * 1);
        using Tensor x = randn(2, 3, 4);
        using Tensor saved = randn(2, 3, 4);
        using Tensor vector = randn(4);
        Intervention[] all =
        [
            Interventions.Zero(), Interventions.Mean(), Interventions.Add(vector), Interventions.Scale(2), Interventions.Noise(1, 1),
            Interventions.ProjectOut(vector), Interventions.Clamp(0), Interventions.Replace(saved),
            Interventions.Zero().At(Slice.Tokens(1)), Interventions.Zero().At(Slice.Heads(2, 0)).At(Slice.Batch(0)),
        ];
        foreach (Intervention intervention in all)
            intervention(x, "layer").Dispose();
        long before = Live.Tensors;
        foreach (Intervention intervention in all)
            intervention(x, "layer").Dispose();
        Assert.Equal(before, torch.Tensor.TotalCount);
        Assert.False(saved.IsInvalid);
    }
}
