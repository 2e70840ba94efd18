using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Edits of outputs and inputs, and who owns what they return.</summary>
public class EditTests
{
    private readonly Tensor _x = randn(2, 3);

    [Fact]
    public void Edit_replaces_the_output_for_the_rest_of_the_model_and_for_the_trace()
    {
        using Sequential net = Models.Small();
        using var edit = new Trace(net, "b", new() { EditOutput = (Tensor output) => output * 0 });
        TensorAssert.Same(net.GetParameter("c.bias").expand(2, 2), net.call(_x));
        TensorAssert.Same(zeros(2, 4), edit.Output);
    }

    [Fact]
    public void Edit_is_given_output_layer_input_and_module_by_name()
    {
        using Sequential net = Models.Small();
        (string, Tensor, nn.Module)? seen = null;
        using var edit = new Trace(net, "c", new()
        {
            EditOutput = (nn.Module module, Tensor input, string layer, Tensor output) =>
            {
                seen = (layer, input.clone(), module);
                return output;
            },
        });
        Tensor result = net.call(_x);
        Assert.Equal("c", seen!.Value.Item1);
        Assert.Same(net.GetModule("c"), seen.Value.Item3);
        TensorAssert.Same(result, ((nn.Module<Tensor, Tensor>)net.GetModule("c")).call(seen.Value.Item2));
    }

    [Fact]
    public void Edit_that_returns_null_leaves_the_output()
    {
        using Sequential net = Models.Small();
        Tensor plain = net.call(_x);
        using var edit = new Trace(net, "b", new() { EditOutput = (Tensor output) => (Tensor?)null });
        TensorAssert.Same(plain, net.call(_x));
    }

    [Fact]
    public void Edit_may_work_in_place_and_return_the_output_itself()
    {
        using Sequential net = Models.Small();
        using (no_grad())
        {
            using var edit = new Trace(net, "b", new() { EditOutput = (Tensor output) => output.zero_() });
            TensorAssert.Same(net.GetParameter("c.bias").expand(2, 2), net.call(_x));
        }
    }

    [Fact]
    public void Edit_may_return_a_tensor_that_lives_elsewhere_and_it_stays_alive()
    {
        using Sequential net = Models.Small();
        using Tensor saved = randn(2, 4);
        using var edit = new Trace(net, "b", new() { EditOutput = (Tensor output) => saved });
        for (int i = 0; i < 3; i++)
            TensorAssert.Same(((nn.Module<Tensor, Tensor>)net.GetModule("c")).call(saved), net.call(_x));
        Assert.False(saved.IsInvalid, "Sequential disposes what its layers return; it was given an alias");
    }

    [Fact]
    public void Edit_may_return_the_input_of_the_layer()
    {
        using Sequential net = nn.Sequential(("a", nn.Linear(3, 3)), ("b", nn.Linear(3, 3)), ("c", nn.Linear(3, 3)));
        using var skip = new Trace(net, "b", new() { EditOutput = (Tensor output, Tensor input) => input });
        TensorAssert.Same(((nn.Module<Tensor, Tensor>)net.GetModule("c")).call(((nn.Module<Tensor, Tensor>)net.GetModule("a")).call(_x)), net.call(_x));
        using var first = new Trace(net, "a", new() { EditOutput = (Tensor output, Tensor input) => input });
        net.call(_x);
        Assert.False(_x.IsInvalid);
    }

    [Fact]
    public void Edit_may_keep_what_it_made()
    {
        using var net = new ScopedNet();
        Tensor? kept = null;
        using var edit = new Trace(net, "body.relu", new()
        {
            EditOutput = (Tensor output) =>
            {
                kept = (output * 2).DetachFromDisposeScope();
                return output + 1;
            },
        });
        net.call(_x);
        TensorAssert.Near((edit.Output - 1) * 2, kept!, 1e-6);
    }

    [Fact]
    public void What_an_edit_made_goes_to_the_scope_around_the_pass()
    {
        using Sequential net = Models.Small();
        Tensor? made = null;
        using var edit = new Trace(net, "b", new() { EditOutput = (Tensor output) => (made = output * 2) + 1 });
        using (NewDisposeScope())
        {
            net.call(_x);
            Assert.False(made!.IsInvalid);
        }

        Assert.True(made!.IsInvalid);
    }

    [Fact]
    public void Edit_of_the_input_changes_what_the_layer_is_given()
    {
        using Sequential net = Models.Small();
        using var edit = new Trace(net, "c", new() { EditInput = (Tensor input, string layer) => input * (layer == "c" ? 0 : 1), RetainInput = true });
        TensorAssert.Same(net.GetParameter("c.bias").expand(2, 2), net.call(_x));
        TensorAssert.Same(zeros(2, 4), edit.Input);
    }

    [Fact]
    public void Edits_of_several_traces_act_in_the_order_of_attaching()
    {
        using nn.Module<Tensor, Tensor> layer = Models.Layer(x => x + 1);
        using var first = new Trace(layer, null, new() { EditOutput = (Tensor output) => output * 10 });
        using var second = new Trace(layer, null, new() { EditOutput = (Tensor output) => output + 5 });
        Assert.Equal(15f, layer.call(zeros(1)).ToSingle());
        first.Dispose();
        using var third = new Trace(layer, null, new() { EditOutput = (Tensor output) => output * 10 });
        Assert.Equal(60f, layer.call(zeros(1)).ToSingle());
    }

    [Fact]
    public void Edits_keep_their_order_after_hooks_of_others_were_removed()
    {
        using nn.Module<Tensor, Tensor> layer = Models.Layer(x => x + 1);
        nn.HookableModule<Func<nn.Module<Tensor, Tensor>, Tensor, Tensor>, Func<nn.Module<Tensor, Tensor>, Tensor, Tensor, Tensor>>.HookRemover foreign = layer.register_forward_hook((_, _, output) => output * 2);
        using var first = new Trace(layer, null, new() { EditOutput = (Tensor output) => output * 10 });
        foreign.remove();
        using var second = new Trace(layer, null, new() { EditOutput = (Tensor output) => output + 5 });
        Assert.Equal(15f, layer.call(zeros(1)).ToSingle());
    }

    [Fact]
    public void Exception_of_an_edit_passes_through_unchanged_and_the_model_works_on()
    {
        using Sequential net = Models.Small();
        Tensor plain = net.call(_x);
        bool fail = true;
        using var edit = new Trace(net, "b", new() { EditOutput = (Tensor output) => fail ? throw new TimeZoneNotFoundException() : output });
        Assert.Throws<TimeZoneNotFoundException>(() => net.call(_x));
        Assert.Equal(0, edit.CallCount);
        fail = false;
        TensorAssert.Same(plain, net.call(_x));
    }

    [Fact]
    public void Edit_of_a_tuple_may_change_one_element_and_patch_another()
    {
        using LSTM lstm = nn.LSTM(3, 4, batchFirst: true);
        Tensor x = randn(1, 5, 3);
        using Tensor patch = zeros(1, 1, 4);
        (Tensor, Tensor, Tensor) plain = lstm.call(x, null);
        using var edit = new Trace(lstm, null, new()
        {
            EditOutput = ((Tensor y, Tensor h, Tensor c) output) => (output.y * 2, patch, output.c),
        });
        (Tensor, Tensor, Tensor) edited = lstm.call(x, null);
        TensorAssert.Same(plain.Item1 * 2, edited.Item1);
        TensorAssert.Same(patch, edited.Item2);
        TensorAssert.Same(plain.Item3, edited.Item3);
        edited.Item2.Dispose();
        Assert.False(patch.IsInvalid);
    }
}
