using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>Each family computes what the reference implementation computes, on each device that there is.</summary>
public sealed class RecordedFamilyTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string, string, string> Cases
    {
        get
        {
            TheoryData<string, string, string> cases = [];
            foreach (string model in FamilyRecord.All.Select(row => row.Data))
            {
                foreach (string device in Devices.All)
                {
                    foreach (string config in FamilyRecord.Configs)
                        cases.Add(model, config, device);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_recorded_tensor_is_that_of_the_reference(string model, string config, string device)
    {
        using var record = new FamilyRecord(model);
        using var folder = new TemporaryFolder();
        using var decoder = DecoderModel.FromPretrained(record.CopyTo(folder, config), device: torch.device(device));
        Assert.False(decoder.training);
        foreach (string sequence in FamilyRecord.Sequences)
        {
            Check(record, decoder, sequence, watchPatterns: true);
            Check(record, decoder, sequence, watchPatterns: false);
        }
    }

    [Theory]
    [MemberData(nameof(FamilyRecord.All), MemberType = typeof(FamilyRecord))]
    public void Greedy_continuations_are_those_of_the_reference(string model)
    {
        using var record = new FamilyRecord(model);
        using var decoder = DecoderModel.FromPretrained(record.Folder);
        using IDisposable _ = no_grad();
        List<long> ids = [.. record.Prompt];

        while (ids.Count < record.Prompt.Length + record.Greedy.Length)
            ids.Add(decoder.call(tensor(ids.ToArray(), [1, ids.Count]))[0, -1].argmax().item<long>());

        Assert.Equal(record.Greedy, ids[record.Prompt.Length..]);
    }

    [Theory]
    [InlineData(ScalarType.Float16, 0.01)]
    [InlineData(ScalarType.BFloat16, 0.1)]
    [InlineData(ScalarType.Float64, 1e-5)]
    public void Other_types_are_close_and_stay_in_their_type(ScalarType dtype, double tolerance)
    {
        foreach (string model in FamilyRecord.All.Select(row => row.Data))
        {
            using var record = new FamilyRecord(model);
            using var decoder = DecoderModel.FromPretrained(record.Folder, dtype);
            Tensor fused = decoder.call(record.Ids("s40"));
            using var watch = new Trace(decoder, decoder.Layout.AttentionPattern(0));
            Tensor written = decoder.call(record.Ids("s40"));

            Assert.Equal((dtype, dtype, dtype), (fused.dtype, written.dtype, watch.Output.dtype));
            record.CheckNorm("s40.logits", fused, tolerance);
            record.CheckNorm("s40.logits", written, tolerance);
        }
    }

    public void Dispose() => _scope.Dispose();

    private static void Check(FamilyRecord record, DecoderModel model, string sequence, bool watchPatterns)
    {
        TransformerLayout layout = model.Layout;
        Assert.Equal(record.Layers, layout.Layers);
        List<string> paths = [];
        for (int layer = 0; layer < record.Layers; layer++)
        {
            paths.AddRange([record.PathOf("layer", layer), record.PathOf("attention", layer), record.PathOf("mlp", layer)]);
            Assert.Equal((record.PathOf("layer", layer), record.PathOf("mlp", layer)), (layout.Block(layer), layout.Mlp(layer)));
            if (watchPatterns)
                paths.Add(layout.AttentionPattern(layer));
        }

        using var traces = new TraceDict(model, paths.ToDictionary(path => path, path => new TraceOptions { RetainInput = true }));
        Tensor logits = model.call(record.Ids(sequence).to(model.Device));

        record.Check($"{sequence}.logits", logits);
        record.Check($"{sequence}.hidden_states.0", traces[layout.Block(0)].Input);
        for (int layer = 0; layer < record.Layers; layer++)
        {
            if (layer > 0)
                record.Check($"{sequence}.hidden_states.{layer}", traces[layout.Block(layer)].Input);
            record.Check($"{sequence}.layer_output.{layer}", traces[layout.Block(layer)].Output);
            record.Check($"{sequence}.attention_output.{layer}", traces[record.PathOf("attention", layer)].Output);
            record.Check($"{sequence}.mlp_output.{layer}", traces[layout.Mlp(layer)].Output);
            if (watchPatterns)
                record.Check($"{sequence}.attention_pattern.{layer}", traces[layout.AttentionPattern(layer)].Output);
        }

        CheckLast(record, model, sequence, traces[layout.Block(layout.Layers - 1)].Output);
    }

    /// <summary>The last recorded state is what enters the head.</summary>
    private static void CheckLast(FamilyRecord record, DecoderModel model, string sequence, Tensor residual)
    {
        foreach (string path in model.Layout.Readout.TakeWhile(path => path != model.Layout.Head))
            residual = model.GetModule<nn.Module<Tensor, Tensor>>(path).forward(residual);
        record.Check($"{sequence}.hidden_states.{record.Layers}", residual);
    }
}
