using TorchSharp;
using static TorchSharp.torch;
using Remover = TorchSharp.torch.nn.HookableModule<
    System.Func<TorchSharp.torch.nn.Module<TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>, TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>,
    System.Func<TorchSharp.torch.nn.Module<TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>, TorchSharp.torch.Tensor, TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>>.HookRemover;

namespace NetHook.Interpretability.Tests;

/// <summary>The named places inside of an attention, of every family.</summary>
public sealed class AttentionPlaceTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string> Models => FamilyRecord.All;

    [Theory]
    [MemberData(nameof(Models))]
    public void Places_hold_what_their_names_say(string model)
    {
        using var record = new FamilyRecord(model);
        using var decoder = DecoderModel.FromPretrained(record.Folder);
        TransformerLayout layout = decoder.Layout;
        int last = layout.Layers - 1;
        using var traces = new TraceDict(decoder, Places(layout, last));

        decoder.call(record.Ids("s40"));

        Tensor query = Read(layout.Queries(last)), key = Read(layout.Keys(last)), value = Read(layout.Values(last));
        Tensor scores = Read(layout.AttentionScores(last)), pattern = Read(layout.AttentionPattern(last)), outputs = Read(layout.HeadOutputs(last));
        Assert.Equal(record[$"s40.attention_pattern.{last}"].shape, pattern.shape);
        Assert.Equal(pattern.shape, scores.shape);
        Assert.All([query, key, value, outputs], tensor => Assert.Equal([.. pattern.shape[..3], query.shape[3]], tensor.shape));
        Assert.True(scores.isfinite().all().item<bool>());
        Assert.True(outputs.allclose(pattern.matmul(value), 1e-5, 1e-6));

        // Where a pattern has no weight, the mask has cut the score off; the rest is its softmax.
        Assert.True(scores.masked_fill(pattern.eq(0), double.NegativeInfinity).softmax(-1).allclose(pattern, 1e-5, 1e-6));
        Tensor product = query.matmul(key.transpose(-2, -1)), ratio = (scores / product).median();
        if (model != "gemma2")
            Assert.True(scores.allclose(product * ratio, 1e-3, 1e-4));
        Tensor Read(string path) => traces[path].Output;
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Writing_back_what_a_place_holds_changes_no_bit(string model)
    {
        using var record = new FamilyRecord(model);
        using var decoder = DecoderModel.FromPretrained(record.Folder);
        Tensor ids = record.Ids("s40");
        string[] places = [.. Enumerable.Range(0, decoder.Layout.Layers).SelectMany(layer => Places(decoder.Layout, layer))];
        Dictionary<string, Tensor> kept;
        Tensor watched;
        using (var traces = new TraceDict(decoder, places))
        {
            watched = decoder.call(ids);
            kept = traces.ToDictionary(pair => pair.Key, pair => pair.Value.Output);
        }

        using var edits = new TraceDict(decoder, places, new() { EditOutput = (Tensor output, string layer) => kept[layer].clone() });

        Assert.Equal(watched.bytes.ToArray(), decoder.call(ids).bytes.ToArray());
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Edits_of_each_place_act(string model)
    {
        using var record = new FamilyRecord(model);
        using var decoder = DecoderModel.FromPretrained(record.Folder);
        Tensor ids = record.Ids("s7"), before = decoder.call(ids);
        foreach (string place in Places(decoder.Layout, 0))
        {
            using var edit = new Trace(decoder, place, new() { EditOutput = (Tensor output) => output * linspace(0.5, 2, output.shape[^1]) });
            Assert.True((decoder.call(ids) - before).abs().max().item<float>() > 1e-3, place);
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Fused_attention_gives_the_same_as_when_it_is_written_out(string model)
    {
        using var record = new FamilyRecord(model);
        using var decoder = DecoderModel.FromPretrained(record.Folder);
        foreach (string sequence in FamilyRecord.Sequences)
        {
            Tensor ids = record.Ids(sequence), fused = decoder.call(ids);
            using var watch = new TraceDict(decoder, [.. Enumerable.Range(0, decoder.Layout.Layers).Select(decoder.Layout.AttentionPattern)]);
            Assert.True(fused.allclose(decoder.call(ids), 1e-5, 1e-5), sequence);
        }
    }

    [Fact]
    public void Attention_is_fused_until_something_is_attached_inside()
    {
        using var record = new FamilyRecord("llama");
        using var decoder = DecoderModel.FromPretrained(record.Folder);
        Tensor ids = record.Ids("s40");
        byte[] fused = Bytes();

        // The numbers differ in the last digits: that tells which one ran.
        using (new Trace(decoder, "model.layers.0.self_attn.scores"))
            Assert.NotEqual(fused, Bytes());
        Assert.Equal(fused, Bytes());
        nn.Module<Tensor, Tensor> place = decoder.GetModule<nn.Module<Tensor, Tensor>>("model.layers.1.self_attn.pattern");
        int runs = 0;
        Remover remover = place.register_forward_hook((_, _, output) =>
        {
            runs++;
            return output;
        });
        Assert.NotEqual(fused, Bytes());
        remover.remove();
        Remover before = place.register_forward_pre_hook((_, input) =>
        {
            runs++;
            return input;
        });
        Bytes();
        before.remove();
        Remover plain = place.register_forward_hook(_ => runs++);
        Bytes();
        plain.remove();
        Assert.Equal(3, runs);
        Assert.Equal(fused, Bytes());

        // Queries, keys, values and outputs of heads are there in both.
        using (new TraceDict(decoder, ["model.layers.0.self_attn.queries", "model.layers.0.self_attn.keys", "model.layers.0.self_attn.values", "model.layers.0.self_attn.head_outputs"]))
            Assert.Equal(fused, Bytes());

        byte[] Bytes() => decoder.call(ids).bytes.ToArray();
    }

    [Fact]
    public void A_layer_put_in_a_place_runs()
    {
        using var record = new FamilyRecord("mistral");
        using var decoder = DecoderModel.FromPretrained(record.Folder);
        Tensor before = decoder.call(record.Ids("s7"));

        decoder.ReplaceModule("model.layers.0.self_attn.pattern", nn.Softmax(-1)).Dispose();

        Assert.False(decoder.call(record.Ids("s7")).allclose(before, 1e-3, 1e-3));
    }

    [Fact]
    public void Gradients_flow_through_the_fused_attention_as_through_the_other()
    {
        using var record = new FamilyRecord("qwen3");
        using var decoder = DecoderModel.FromPretrained(record.Folder);
        Tensor Gradient()
        {
            decoder.zero_grad();
            decoder.call(record.Ids("s7")).pow(2).mean().backward();
            return decoder.GetParameter("model.layers.0.self_attn.k_proj.weight").grad!.clone();
        }

        Tensor fused = Gradient();
        using var watch = new Trace(decoder, decoder.Layout.AttentionPattern(0));

        Assert.True(fused.abs().max().item<float>() > 0);
        Assert.True(Gradient().allclose(fused, 1e-3, 1e-5));
    }

    public void Dispose() => _scope.Dispose();

    private static string[] Places(TransformerLayout layout, int layer) =>
    [
        layout.Queries(layer), layout.Keys(layer), layout.Values(layer), layout.AttentionScores(layer), layout.AttentionPattern(layer), layout.HeadOutputs(layer),
    ];
}
