using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>What models of every family share.</summary>
public sealed class DecoderModelTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string> Models => FamilyRecord.All;

    [Theory]
    [MemberData(nameof(Models))]
    public void Layouts_fit_and_every_layer_runs(string model)
    {
        using var record = new FamilyRecord(model);
        using var decoder = DecoderModel.FromPretrained(record.Folder);
        decoder.Layout.Validate(decoder);
        string[] layers = [.. decoder.ModuleNames().Where(name => decoder.GetModule(name) is nn.Module<Tensor, Tensor>)];
        using var traces = new TraceDict(decoder, layers);

        Tensor logits = decoder.call(record.Ids("s7"));

        Assert.All(traces.Values, trace => Assert.Equal(1, trace.CallCount));
        Assert.Equal(decoder.Layout.Readout[^1], decoder.Layout.Readout.Last(path => traces[path].Output.Equals(logits)));
        Assert.Equal(traces[decoder.Layout.MlpKeys(0)].Output.shape[^1], decoder.GetParameter(decoder.Layout.MlpProjection(0) + ".weight").shape.Max());
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Logits_from_each_block_on_are_those_of_the_whole(string model)
    {
        using var record = new FamilyRecord(model);
        using var decoder = DecoderModel.FromPretrained(record.Folder);
        TransformerLayout layout = decoder.Layout;
        using var traces = new TraceDict(decoder, [.. Enumerable.Range(0, layout.Layers).Select(layout.Block)], new() { RetainInput = true });
        Tensor whole = decoder.call(record.Ids("s40"));
        Tensor[] residuals = [.. Enumerable.Range(0, layout.Layers).Select(layer => traces[layout.Block(layer)].Input), traces[layout.Block(layout.Layers - 1)].Output];

        for (int block = 0; block <= layout.Layers; block++)
            Assert.True(decoder.ForwardFrom(block, residuals[block]).Equals(whole));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_saved_model_is_what_was_read(string model)
    {
        using var record = new FamilyRecord(model);
        using var folder = new TemporaryFolder();
        using var decoder = DecoderModel.FromPretrained(record.Folder);

        decoder.SavePretrained(folder.Path);

        // The weights are Float32 now, whatever the file's were.
        string read = File.ReadAllText(Path.Combine(record.Folder, "config.json")).Replace("\"bfloat16\"", "\"float32\"", StringComparison.Ordinal);
        Assert.Equal(read, File.ReadAllText(folder["config.json"]));
        using var saved = SafetensorsFile.Open(folder["model.safetensors"]);
        Assert.Equal("pt", saved.Metadata["format"]);
        string[] expected = [.. Directory.GetFiles(record.Folder, "model*.safetensors").SelectMany(Keys).Order()];
        Assert.Equal(expected, saved.Entries.Keys.Order());
        using var again = DecoderModel.FromPretrained(folder.Path);
        Assert.True(again.call(record.Ids("s7")).Equals(decoder.call(record.Ids("s7"))));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void A_copy_computes_the_same_and_shares_nothing(string model)
    {
        using var record = new FamilyRecord(model);
        using var decoder = DecoderModel.FromPretrained(record.Folder);
        Tensor before = decoder.call(record.Ids("s40"));
        using DecoderModel copy = decoder.DeepCopy();
        using (no_grad())
        {
            foreach (Tensor parameter in decoder.parameters())
                parameter.zero_();
        }

        Assert.True(copy.call(record.Ids("s40")).Equals(before));
        Assert.Equal(decoder.ModuleNames(), copy.ModuleNames());
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Rows_of_a_batch_are_as_alone(string model)
    {
        using var record = new FamilyRecord(model);
        using var decoder = DecoderModel.FromPretrained(record.Folder);
        Tensor one = record.Ids("s40"), other = one.flip(1);

        Tensor both = decoder.call(cat([one, other]));

        Assert.True(both[0].allclose(decoder.call(one)[0], 1e-4, 1e-4));
        Assert.True(both[1].allclose(decoder.call(other)[0], 1e-4, 1e-4));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Passes_behind_a_cache_give_the_logits_of_the_whole(string model)
    {
        using var record = new FamilyRecord(model);
        using var decoder = DecoderModel.FromPretrained(record.Folder);
        using IDisposable _ = no_grad();
        using var cache = new KeyValueCache();

        // Scalings by length turn the cached keys too, once the row is longer: those rows stay short here.
        long length = model is "phi3" or "llama-rope-dynamic" ? 12 : 40;
        Tensor ids = record.Ids("s40").narrow(1, 0, length), whole = decoder.call(ids);

        Tensor[] parts = [.. new[] { (0, 5), (5, 1), (6, 4), (10, 1), (11, (int)length - 11) }.Select(part => decoder.ForwardWith(cache, ids.narrow(1, part.Item1, part.Item2)))];

        Assert.True(cat(parts, 1).allclose(whole, 1e-4, 1e-4));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Layers_are_known_without_weights(string model)
    {
        using var record = new FamilyRecord(model);
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(record.Folder, "config.json"), folder["config.json"]);
        using var decoder = DecoderModel.FromPretrained(record.Folder);

        using var layers = DecoderModel.LayersOf(folder.Path);

        Assert.Equal(decoder.ModuleNames(), layers.ModuleNames());

        // libtorch has no ReLU there.
        if (decoder.Family != "opt")
            Assert.Equal(record["s7.logits"].shape, layers.call(record.Ids("s7").to(META)).shape);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Moving_the_model_keeps_its_head_tied(string model)
    {
        using var record = new FamilyRecord(model);
        using var decoder = DecoderModel.FromPretrained(record.Folder);
        int before = decoder.parameters().Count();

        decoder.to(ScalarType.Float64);

        Assert.Equal(before, decoder.parameters().Count());
        Assert.True(decoder.call(record.Ids("s7")).allclose(record["s7.logits"].to(ScalarType.Float64), 1e-3, FamilyRecord.Tolerance));
    }

    public void Dispose() => _scope.Dispose();

    private static string[] Keys(string file)
    {
        using var opened = SafetensorsFile.Open(file);
        return [.. opened.Entries.Keys];
    }
}
