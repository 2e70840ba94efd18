using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>A recorded model of one family, and what the reference implementation gave for it; see tests/data/families/README.md.</summary>
internal sealed class FamilyRecord : IDisposable
{
    public const double Tolerance = 2e-4;

    private readonly JsonElement _record;
    private readonly Dictionary<string, Tensor> _tensors;

    public FamilyRecord(string name)
    {
        Folder = Path.Combine(Root, name);
        _record = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "record.json"))).RootElement;
        _tensors = SafetensorsFile.Load(Path.Combine(Folder, "record.safetensors"));
    }

    public static string Root { get; } = Path.Combine(AppContext.BaseDirectory, "data", "families");

    /// <summary>The names of all recorded models.</summary>
    public static TheoryData<string> All => [.. Directory.GetDirectories(Root).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    public static string[] Sequences { get; } = ["s1", "s7", "s40"];

    public static string[] Configs { get; } = ["config.json", "config-short.json", "config-5.json"];

    public string Folder { get; }

    public int Layers => _record.GetProperty("layers").GetInt32();

    public Tensor this[string name] => _tensors[name];

    /// <summary>Copies the model into a folder, with one of the ways to write its settings as <c>config.json</c>.</summary>
    public string CopyTo(TemporaryFolder folder, string config = "config.json")
    {
        foreach (string file in Directory.GetFiles(Folder, "model*"))
            File.Copy(file, folder[Path.GetFileName(file)]);
        File.Copy(Path.Combine(Folder, config), folder["config.json"]);
        return folder.Path;
    }

    public Tensor Ids(string sequence)
    {
        long[] ids = Numbers(_record.GetProperty("sequences").EnumerateArray().First(one => one.GetProperty("name").GetString() == sequence).GetProperty("input_ids"));
        return tensor(ids, [1, ids.Length]);
    }

    public long[] Prompt => Numbers(_record.GetProperty("greedy").GetProperty("prompt"));

    public long[] Greedy => Numbers(_record.GetProperty("greedy").GetProperty("without_cache"));

    /// <summary>The path of a recorded kind of output, such as <c>mlp</c>.</summary>
    public string PathOf(string module, int layer) =>
        _record.GetProperty("modules").GetProperty(module).GetString()!.Replace("{i}", $"{layer}", StringComparison.Ordinal);

    /// <summary>Fails if a tensor is not the recorded one.</summary>
    public void Check(string name, Tensor actual, double tolerance = Tolerance)
    {
        Tensor expected = this[name];
        Assert.Equal(expected.shape, actual.shape);
        double distance = (actual.to(ScalarType.Float32).cpu() - expected).abs().max().item<float>();
        Assert.True(distance <= tolerance, $"{Path.GetFileName(Folder)} {name}: off by {distance}");
    }

    /// <summary>
    /// Fails if a tensor is further from the recorded one than a share of its norm. Rounding in half precision grows with the
    /// numbers that are rounded, and these differ by family: the worst seen is 0.005 in Float16 and 0.051 in BFloat16.
    /// </summary>
    public void CheckNorm(string name, Tensor actual, double share)
    {
        Tensor expected = this[name];
        Assert.Equal(expected.shape, actual.shape);
        double distance = ((actual.to(ScalarType.Float32).cpu() - expected).norm() / expected.norm()).item<float>();
        Assert.True(distance <= share, $"{Path.GetFileName(Folder)} {name}: off by {distance} of its norm");
    }

    public void Dispose()
    {
        foreach (Tensor tensor in _tensors.Values)
            tensor.Dispose();
    }

    private static long[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(one => one.GetInt64())];
}
