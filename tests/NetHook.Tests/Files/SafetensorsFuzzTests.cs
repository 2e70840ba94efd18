using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

public sealed class SafetensorsFuzzTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Six_thousand_damaged_files_are_read_or_refused()
    {
        using DisposeScope scope = NewDisposeScope();
        string path = _folder["t.safetensors"];
        SafetensorsFile.Save(
            path,
            new Dictionary<string, Tensor> { ["a.weight"] = ones(2, 3, float64), ["b"] = ones([4], int64), ["c"] = zeros(0, 5), ["d"] = tensor(true), ["e"] = ones(3, float16) },
            new Dictionary<string, string> { ["format"] = "pt", ["note"] = "text" });
        var mutator = new FileMutator(20261);

        Fuzz.Run(path, 6000, mutator.Safetensors, () =>
        {
            using DisposeScope inner = NewDisposeScope();
            using var file = SafetensorsFile.Open(path);
            long length = new FileInfo(path).Length;
            foreach ((string key, SafetensorsEntry entry) in file.Entries.Where(pair => pair.Value.Dtype is not null))
            {
                Tensor read = file.Read(key);
                Assert.Equal(entry.Length, read.numel() * read.ElementSize);
                Assert.InRange(entry.Length, 0, length);
            }
        });
    }

    public void Dispose() => _folder.Dispose();
}
