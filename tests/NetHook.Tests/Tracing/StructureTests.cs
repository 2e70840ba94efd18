using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Outputs and inputs that are not one tensor.</summary>
public class StructureTests
{
    private readonly Tensor _x = randn(2, 3);

    [Fact]
    public void List_array_and_dictionary_outputs_are_kept_and_handed_out_in_their_structure()
    {
        using var list = new Returns<List<Tensor>>(x => [x, x * 2]);
        using var listTrace = new Trace(list, null, new() { Clone = true });
        list.call(_x);
        TensorAssert.Same(_x * 2, listTrace.OutputAs<List<Tensor>>()[1]);

        using var array = new Returns<Tensor[]>(x => [x, x * 2]);
        using var arrayTrace = new Trace(array);
        array.call(_x);
        TensorAssert.Same(_x * 2, arrayTrace.OutputAs<Tensor[]>()[1]);

        using var dictionary = new Returns<Dictionary<string, Tensor>>(x => new() { ["twice"] = x * 2 });
        using var dictionaryTrace = new Trace(dictionary);
        dictionary.call(_x);
        TensorAssert.Same(_x * 2, dictionaryTrace.OutputAs<Dictionary<string, Tensor>>()["twice"]);
    }

    [Fact]
    public void Nested_output_survives_the_models_disposals()
    {
        using var layer = new Returns<(Tensor, (Tensor[], Dictionary<string, List<Tensor>>))>(x => (x + 1, ([x + 2], new() { ["k"] = [x + 3] })));
        using var trace = new Trace(layer);
        using (NewDisposeScope())
            layer.call(_x);
        (Tensor one, (Tensor[]? array, Dictionary<string, List<Tensor>>? dictionary)) = trace.OutputAs<(Tensor, (Tensor[], Dictionary<string, List<Tensor>>))>();
        TensorAssert.Near(_x + 1, one);
        TensorAssert.Near(_x + 2, array[0]);
        TensorAssert.Near(_x + 3, dictionary["k"][0]);
    }

    [Fact]
    public void Edits_of_structures_may_mix_new_old_and_saved_tensors()
    {
        using Tensor saved = randn(2, 3);
        using var layer = new Returns<List<Tensor>>(x => [x + 1, x + 2, x + 3]);
        using var edit = new Trace(layer, null, new() { EditOutput = (List<Tensor> output) => new List<Tensor> { output[0], output[1] * 2, saved } });
        List<Tensor> result = layer.call(_x);
        TensorAssert.Near(_x + 1, result[0]);
        TensorAssert.Near((_x + 2) * 2, result[1]);
        TensorAssert.Same(saved, result[2]);
        result[2].Dispose();
        Assert.False(saved.IsInvalid);
    }

    [Fact]
    public void Layer_declared_to_return_object_is_kept_as_what_it_returned()
    {
        using var layer = new Returns<object>(x => x * 2);
        using var trace = new Trace(layer);
        layer.call(_x);
        TensorAssert.Same(_x * 2, trace.Output);
    }

    [Fact]
    public void Layer_that_returns_null_has_run()
    {
        using var layer = new Returns<Tensor?>(_ => null);
        using var trace = new Trace(layer);
        layer.call(_x);
        Assert.Equal(1, trace.CallCount);
        Messages.Same("The output of layer '' (the model itself, Returns<Tensor>) is null.", () => trace.Output);
    }

    [Fact]
    public void Optional_argument_that_was_not_given_is_null_in_the_input()
    {
        using LSTM lstm = nn.LSTM(3, 4, batchFirst: true);
        using var trace = new Trace(lstm, null, new() { RetainInput = true });
        lstm.call(randn(1, 5, 3), null);
        (Tensor x, (Tensor, Tensor)? state) = trace.InputAs<(Tensor, (Tensor, Tensor)?)>();
        Assert.Equal([1, 5, 3], x.shape);
        Assert.Null(state);
    }

    [Fact]
    public void Reading_as_another_type_names_the_one_to_use()
    {
        using LSTM lstm = nn.LSTM(3, 4, batchFirst: true);
        using var net = new Wrapped(lstm);
        using var trace = new Trace(net, "lstm", new() { RetainInput = true });
        net.call(randn(1, 5, 3));
        Messages.Same(
            "The output of layer 'lstm' (LSTM) is (Tensor, Tensor, Tensor), not Tensor. Read it with OutputAs<(Tensor, Tensor, Tensor)>().",
            () => trace.Output);
        Messages.Same(
            "The input of layer 'lstm' (LSTM) is (Tensor, (Tensor, Tensor)?), not Tensor. Read it with InputAs<(Tensor, (Tensor, Tensor)?)>().",
            () => trace.Input);
    }

    private sealed class Wrapped : nn.Module<Tensor, Tensor>
    {
        public readonly TorchSharp.Modules.LSTM lstm;

        public Wrapped(TorchSharp.Modules.LSTM lstm)
            : base(nameof(Wrapped))
        {
            this.lstm = lstm;
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => lstm.call(input, null).Item1;
    }
}
