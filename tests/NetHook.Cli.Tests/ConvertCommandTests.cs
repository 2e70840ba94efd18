using System.IO.Compression;

namespace NetHook.Cli.Tests;

public sealed class ConvertCommandTests
{
    [Fact]
    public void Pickled_weights_become_safetensors()
    {
        using var folder = new TemporaryFolder();
        Write(folder["pytorch_model.bin"], "\u0080\u0002}X\u0001\0\0\0xctorch._utils\n_rebuild_tensor_v2\n((X\u0007\0\0\0storagectorch\nFloatStorage\nX\u0001\0\0\00X\u0003\0\0\0cpuK\u0001tQK\0K\u0001\u0085K\u0001\u0085\u0089Nt" + "Rs.");

        string output = folder["new"];
        Assert.Equal($"Saved 1 tensors to {output}.\n", ToolRun.Of("convert", folder.Path, "--out", output).Result);
        using var file = SafetensorsFile.Open(Path.Combine(output, "model.safetensors"));
        Assert.Equal(["x"], file.Entries.Keys);
    }

    [Fact]
    public void Program_in_a_pickle_is_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        Write(folder["pytorch_model.bin"], "\u0080\u0002cos\nsystem\n(X\u0002\0\0\0lst" + "R.");

        var run = ToolRun.Of("convert", folder.Path, "-o", folder["new"]);

        Assert.Equal(Tool.Failure, run.Code);
        Assert.Contains("names os.system, which is no part of a tensor. Nothing of it was run.", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["new"]));
    }

    private static void Write(string path, string pickle)
    {
        using ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Create);
        foreach ((string name, byte[] bytes) in new[] { ("archive/data.pkl", System.Text.Encoding.Latin1.GetBytes(pickle)), ("archive/data/0", new byte[4]) })
        {
            using Stream entry = archive.CreateEntry(name, CompressionLevel.NoCompression).Open();
            entry.Write(bytes);
        }
    }
}
