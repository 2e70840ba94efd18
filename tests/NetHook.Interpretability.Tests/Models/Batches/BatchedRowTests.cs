using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>Each row of a padded batch is what it is alone, in every family: traced, watched inside of attentions, and edited.</summary>
public sealed class BatchedRowTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    // Numbers of some hundreds are rounded to some 1e-5.
    private const double Own = 1e-5;

    public static TheoryData<string, PaddingSide> Cases
    {
        get
        {
            TheoryData<string, PaddingSide> cases = [];
            foreach (string model in FamilyRecord.All.Select(row => row.Data))
            {
                cases.Add(model, PaddingSide.Left);
                cases.Add(model, PaddingSide.Right);
            }

            return cases;
        }
    }

    public static TheoryData<string, PaddingSide, string> CasesByDevice
    {
        get
        {
            TheoryData<string, PaddingSide, string> cases = [];
            foreach (string device in Devices.All)
            {
                foreach ((string model, PaddingSide side) in Cases.Select(row => row.Data))
                    cases.Add(model, side, device);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(CasesByDevice))]
    public void Every_recorded_tensor_is_that_of_the_reference(string model, PaddingSide side, string device)
    {
        using var record = new FamilyRecord(model);
        using var decoder = DecoderModel.FromPretrained(record.Folder, device: torch.device(device));
        var batch = TokenBatch.Of(FamilyRecord.Sequences.Select(name => Row(record.Ids(name))), side);
        foreach (bool patterns in new[] { false, true })
        {
            using var traces = new TraceDict(decoder, Paths(record, decoder, patterns));
            Tensor logits = decoder.Logits(batch);
            for (int row = 0; row < batch.Count; row++)
            {
                string name = FamilyRecord.Sequences[row];
                record.Check($"{name}.logits", batch.Row(logits, row).unsqueeze(0));
                for (int layer = 0; layer < record.Layers; layer++)
                {
                    foreach ((string kind, string module) in new[] { ("layer_output", "layer"), ("attention_output", "attention"), ("mlp_output", "mlp") })
                        record.Check($"{name}.{kind}.{layer}", batch.Row(traces[record.PathOf(module, layer)].Output, row).unsqueeze(0));
                    if (patterns)
                        record.Check($"{name}.attention_pattern.{layer}", Square(traces[decoder.Layout.AttentionPattern(layer)].Output, row, batch.RowRange(row)));
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_layer_is_what_the_row_gives_alone_with_edits(string model, PaddingSide side)
    {
        using var record = new FamilyRecord(model);
        using var decoder = DecoderModel.FromPretrained(record.Folder);
        var random = new Random(5);
        int[] all = Row(record.Ids("s40"));
        int[][] rows = [.. new[] { 3, 29, 17, 1, 29 }.Select(length => Enumerable.Range(0, length).Select(_ => all[random.Next(all.Length)]).ToArray())];
        var batch = TokenBatch.Of(rows, side);
        string edited = decoder.Layout.Block(0);
        string[] layers = [.. decoder.ModuleNames().Where(name => decoder.GetModule(name) is nn.Module<Tensor, Tensor>)];

        // Another vector in each row, at its last token; and a scaled head everywhere.
        Tensor vectors = randn([rows.Length, record["s7.layer_output.0"].shape[2]], generator: new Generator(3));
        Intervention Steer(int row) => Interventions.Add(vectors[row]).At(Slice.Tokens(^1));
        Intervention inBatch = Interventions.ByRow(row => Interventions.Add(vectors[row]).At(Slice.Tokens(batch.RowRange(row).End.Value - 1)));
        using var headEdit = new Trace(decoder, decoder.Layout.HeadOutputs(0), new() { EditOutput = Interventions.Scale(1.5).At(Slice.Along(1, 1)) });
        Dictionary<string, Tensor> together;
        Tensor logits;
        using (new Trace(decoder, edited, new() { EditOutput = inBatch }))
        using (var traces = new TraceDict(decoder, layers))
        {
            logits = decoder.Logits(batch);
            together = traces.Where(pair => pair.Value.CallCount > 0).ToDictionary(pair => pair.Key, pair => pair.Value.Output);
        }

        Assert.All(together.Values.Append(logits), tensor => Assert.False(tensor.isnan().any().item<bool>()));
        for (int row = 0; row < rows.Length; row++)
        {
            using var edit = new Trace(decoder, edited, new() { EditOutput = Steer(row) });
            using var traces = new TraceDict(decoder, layers);
            Same(decoder.call(tensor(rows[row].Select(id => (long)id).ToArray(), [1, rows[row].Length])), batch.Row(logits, row).unsqueeze(0), "logits");
            foreach (string layer in layers.Where(together.ContainsKey))
            {
                Tensor alone = traces[layer].Output, part = together[layer].narrow(0, row, 1);
                Range range = batch.RowRange(row);
                if (alone.dim() == 3)
                    Same(alone, batch.Row(together[layer], row).unsqueeze(0), layer);
                else if (layer.EndsWith(".pattern", StringComparison.Ordinal) || layer.EndsWith(".attn_dropout", StringComparison.Ordinal))
                    Same(alone, Square(together[layer], row, range), layer);
                else if (!layer.EndsWith(".scores", StringComparison.Ordinal))
                    Same(alone, part.narrow(2, range.Start.Value, rows[row].Length), layer);
            }
        }
    }

    [Theory]
    [MemberData(nameof(FamilyRecord.All), MemberType = typeof(FamilyRecord))]
    public void What_stands_at_padding_reaches_no_row(string model)
    {
        using var record = new FamilyRecord(model);
        using var decoder = DecoderModel.FromPretrained(record.Folder);
        var batch = TokenBatch.Of([Row(record.Ids("s40")), Row(record.Ids("s7"))]);
        Tensor hidden = batch.Mask.logical_not().unsqueeze(-1);
        foreach (bool watched in new[] { false, true })
        {
            using Trace? watch = watched ? new Trace(decoder, decoder.Layout.AttentionPattern(0)) : null;
            Tensor expected = decoder.Logits(batch);
            using var poison = new Trace(decoder, decoder.Layout.Embedding, new() { EditOutput = (Tensor output) => output.masked_fill(hidden, double.NaN) });

            Same(batch.WithoutPadding(expected), batch.WithoutPadding(decoder.Logits(batch)), "logits");
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_pass_from_a_block_on_knows_the_padding(string model, PaddingSide side)
    {
        using var record = new FamilyRecord(model);
        using var decoder = DecoderModel.FromPretrained(record.Folder);
        var batch = TokenBatch.Of([Row(record.Ids("s40")), Row(record.Ids("s7"))], side);
        using var trace = new Trace(decoder, decoder.Layout.Block(1), new() { RetainInput = true });
        Tensor expected = decoder.Logits(batch), entering = trace.Input;

        Same(batch.WithoutPadding(expected), batch.WithoutPadding(((IResumable)decoder).ForwardFrom(1, entering, batch)), "logits");
    }

    public void Dispose() => _scope.Dispose();

    private static int[] Row(Tensor ids) => [.. ids.data<long>().Select(id => (int)id)];

    private static string[] Paths(FamilyRecord record, DecoderModel model, bool patterns) => [.. Enumerable.Range(0, record.Layers).SelectMany(layer => new[]
    {
        record.PathOf("layer", layer), record.PathOf("attention", layer), record.PathOf("mlp", layer), patterns ? model.Layout.AttentionPattern(layer) : record.PathOf("layer", layer),
    })];

    private static Tensor Square(Tensor pattern, int row, Range range)
    {
        (int start, int length) = (range.Start.Value, range.End.Value - range.Start.Value);
        return pattern.narrow(0, row, 1).narrow(2, start, length).narrow(3, start, length);
    }

    private static void Same(Tensor expected, Tensor actual, string what)
    {
        Assert.Equal(expected.shape, actual.shape);
        double size = Math.Max(1, expected.abs().max().item<float>()), distance = (expected - actual).abs().max().item<float>();
        Assert.True(distance <= Own * size, $"{what}: off by {distance}, where numbers go up to {size}");
    }
}
