using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Edits whose result is disposed when they return: the error names edit and layer.</summary>
public class EditDisposedResultTests
{
    private const string Advice =
        " returned a tensor that is disposed. If the edit works in a dispose scope of its own, return result.MoveToOuterDisposeScope(); "
        + "if it disposes what it was given, return another tensor.";

    private readonly Tensor _x = randn(2, 3);

    [Fact]
    public void Result_disposed_by_the_edits_own_scope_names_edit_and_layer()
    {
        using Sequential net = Models.Small();
        using (new Trace(net, "a", new() { EditOutput = InScope }))
            Messages.Same("EditOutput of layer 'a' (Linear)" + Advice, () => net.call(_x));
        using (new Trace(net, "c", new() { EditInput = InScope }))
            Messages.Same("EditInput of layer 'c' (Linear)" + Advice, () => net.call(_x));
        using Sequential edited = net.WithEdit("a", InScope);
        Messages.Same("EditOutput of layer 'a' (Linear)" + Advice, () => edited.call(_x));

        static Tensor InScope(Tensor value)
        {
            using DisposeScope scope = NewDisposeScope();
            return value * 2;
        }
    }

    [Fact]
    public void Null_returned_for_a_value_that_the_edit_disposed_names_edit_and_layer()
    {
        using Sequential net = Models.Small();
        using (new Trace(net, "a", new() { EditOutput = Dispose }))
        {
            Messages.Same(
                "EditOutput of layer 'a' (Linear) disposed the output that it was given and returned null, which leaves the output as it is. "
                + "Return another tensor, or leave the output alive.",
                () => net.call(_x));
        }

        using (new Trace(net, "c", new() { EditInput = Dispose }))
        {
            Messages.Same(
                "EditInput of layer 'c' (Linear) disposed the input that it was given and returned null, which leaves the input as it is. "
                + "Return another tensor, or leave the input alive.",
                () => net.call(_x));
        }

        static Tensor? Dispose(Tensor value)
        {
            value.Dispose();
            return null;
        }
    }

    [Fact]
    public void Disposed_tensor_in_a_tuple_names_edit_and_layer()
    {
        using var layer = new Returns<(Tensor, Tensor)>(x => (x + 1, x + 2));
        using var edit = new Trace(layer, null, new() { EditOutput = FirstDisposed });
        Messages.Same("EditOutput of layer '' (the model itself, Returns<(Tensor, Tensor)>)" + Advice, () => layer.call(_x));

        static (Tensor, Tensor) FirstDisposed((Tensor, Tensor) output)
        {
            output.Item1.Dispose();
            return output;
        }
    }

    [Fact]
    public void Disposed_tensor_put_into_the_list_given_names_edit_and_layer()
    {
        using var layer = new Returns<List<Tensor>>(x => [x + 1, x + 2]);
        using var edit = new Trace(layer, null, new() { EditOutput = InScope });
        Messages.Same("EditOutput of layer '' (the model itself, Returns<List<Tensor>>)" + Advice, () => layer.call(_x));

        static List<Tensor> InScope(List<Tensor> output)
        {
            using DisposeScope scope = NewDisposeScope();
            output[0] = output[0] * 2;
            return output;
        }
    }

    [Fact]
    public void Result_moved_to_the_outer_scope_is_used_and_the_value_given_may_be_disposed()
    {
        using Sequential net = Models.Small();
        using var edit = new Trace(net, "c", new() { EditOutput = Halve });
        net.call(_x);
        Tensor halved = edit.Output;
        edit.Dispose();
        TensorAssert.Near(net.call(_x) / 2, halved);

        static Tensor Halve(Tensor output)
        {
            using DisposeScope scope = NewDisposeScope();
            using Tensor given = output;
            return (given / 2).MoveToOuterDisposeScope();
        }
    }
}
