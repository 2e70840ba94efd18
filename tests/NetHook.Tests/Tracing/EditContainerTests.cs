using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.utils.rnn;

namespace NetHook.Tests;

/// <summary>Lists, dictionaries and objects that go through an edit: the caller's own reach the layer, and the layer's own the caller.</summary>
public class EditContainerTests
{
    private readonly Tensor _x = ones(2, 3);

    [Fact]
    public void List_that_an_edit_passes_on_is_the_callers_own()
    {
        using var block = new CachingBlock<List<Tensor>>((x, cache) => cache.Add(x));
        var cache = new List<Tensor>();
        using var edit = new Trace(block, null, new() { EditInput = ((Tensor x, List<Tensor> cache) input) => (input.x * 2, input.cache) });
        block.call(_x, cache);
        block.call(_x, cache);
        Assert.Equal(2, cache.Count);
        TensorAssert.Same(_x * 2, cache[0]);
    }

    [Fact]
    public void List_is_the_callers_own_also_where_a_saved_tensor_stands_beside_it()
    {
        using var block = new CachingBlock<Dictionary<string, Tensor>>((x, cache) => cache.Add($"step {cache.Count}", x));
        using Tensor saved = randn(2, 3);
        var cache = new Dictionary<string, Tensor> { ["past"] = zeros(1) };
        using var edit = new Trace(block, null, new() { EditInput = ((Tensor x, Dictionary<string, Tensor> cache) input) => (saved, input.cache) });
        block.call(_x, cache).Dispose();
        Assert.Equal(["past", "step 1"], cache.Keys);
        Assert.NotSame(saved, cache["step 1"]);
        TensorAssert.Same(saved, cache["step 1"]);
    }

    [Fact]
    public void List_that_an_edit_leaves_is_the_layers_own()
    {
        List<Tensor>? made = null;
        using var layer = new Returns<List<Tensor>>(x => made = [x + 1, x + 2]);
        Delegate[] edits = [(List<Tensor> output) => output, (List<Tensor> output) => (List<Tensor>?)null, (object output) => output];
        foreach (Delegate edit in edits)
        {
            using var trace = new Trace(layer, null, new() { EditOutput = edit });
            List<Tensor> result = layer.call(_x);
            Assert.Same(made, result);
        }
    }

    [Fact]
    public void List_that_an_edit_makes_of_new_tensors_and_those_given_is_passed_on_itself()
    {
        List<Tensor>? made = null;
        using var layer = new Returns<List<Tensor>>(x => [x + 1, x + 2]);
        using var edit = new Trace(layer, null, new() { EditOutput = (List<Tensor> output) => made = [output[0], output[1] * 2] });
        List<Tensor> result = layer.call(_x);
        Assert.Same(made, result);
    }

    [Fact]
    public void Packed_sequence_that_an_edit_passes_on_or_makes_is_not_packed_again_and_a_saved_one_stays_alive()
    {
        using var layer = new Returns<(PackedSequence, Tensor)>(x => (Pack(x), x * 2));
        PackedSequence? seen = null;
        using (new Trace(layer, null, new() { EditOutput = ((PackedSequence, Tensor) output) => (seen = output.Item1, output.Item2 * 3) }))
            Assert.True(ReferenceEquals(layer.call(_x).Item1, seen));
        using (new Trace(layer, null, new() { EditOutput = ((PackedSequence, Tensor) output) => (seen = Pack(_x), output.Item2) }))
            Assert.True(ReferenceEquals(layer.call(_x).Item1, seen));

        using PackedSequence saved = Pack(_x * 5);
        using var edit = new Trace(layer, null, new() { EditOutput = ((PackedSequence, Tensor) output) => (saved, output.Item2) });
        (PackedSequence, Tensor) patched = layer.call(_x);
        TensorAssert.Same(_x.reshape(6, 1) * 5, patched.Item1.data);
        patched.Item1.Dispose();
        TensorAssert.Same(_x.reshape(6, 1) * 5, saved.data);

        static PackedSequence Pack(Tensor x) => pack_padded_sequence(x.unsqueeze(-1), tensor([3L, 3]), batch_first: true);
    }

    [Fact]
    public void Object_of_an_unknown_class_may_be_passed_on_or_left()
    {
        using var block = new CachingBlock<Cache>((x, cache) => cache.Remember(x));
        var cache = new Cache();
        using (new Trace(block, null, new() { EditInput = ((Tensor x, Cache cache) input) => (input.x * 2, input.cache) }))
            block.call(_x, cache);
        TensorAssert.Same(_x * 2, cache.Last!);
        using (new Trace(block, null, new() { EditInput = (object input) => (object?)null }))
            block.call(_x, cache);
        Assert.Same(_x, cache.Last);
        using (new Trace(block, null, new() { EditInput = ((Tensor x, Cache cache) input) => ((Tensor, Cache)?)null }))
            block.call(_x, cache);
        Assert.Same(_x, cache.Last);
    }

    [Fact]
    public void Object_of_an_unknown_class_that_an_edit_brings_along_is_refused_by_name()
    {
        using var block = new CachingBlock<Cache>((x, cache) => cache.Remember(x));
        using var edit = new Trace(block, null, new() { EditInput = ((Tensor x, Cache cache) input) => (input.x, new Cache()) });
        Messages.Same(
            "Where the tensors are in a Cache is not known. Make it a record, give it public properties that can be set, or say how it is taken apart: "
            + "TensorTree.Register<Cache>(takeApart, rebuild).",
            () => block.call(_x, new Cache()));
    }

    /// <summary>Puts what it is given into a cache, as a decoder's attention does.</summary>
    private sealed class CachingBlock<TCache>(Action<Tensor, TCache> remember) : nn.Module<Tensor, TCache, Tensor>("CachingBlock")
    {
        public override Tensor forward(Tensor x, TCache cache)
        {
            remember(x, cache);
            return x * 1;
        }
    }

    private sealed class Cache
    {
        public Tensor? Last { get; private set; }

        public void Remember(Tensor x) => Last = x;
    }
}
