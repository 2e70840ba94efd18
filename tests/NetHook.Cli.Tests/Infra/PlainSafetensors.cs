using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace NetHook.Cli.Tests;

/// <summary>A reader of safetensors files of float32, written from the format's description alone.</summary>
internal static class PlainSafetensors
{
    public static (Dictionary<string, (long[] Shape, float[] Values)> Tensors, Dictionary<string, string> Notes) Read(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        int header = (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        Span<byte> data = file.AsSpan(8 + header);
        Dictionary<string, (long[], float[])> tensors = [];
        Dictionary<string, string> notes = [];
        foreach (JsonProperty entry in JsonDocument.Parse(file.AsMemory(8, header)).RootElement.EnumerateObject())
        {
            if (entry.Name == "__metadata__")
            {
                notes = entry.Value.Deserialize<Dictionary<string, string>>()!;
                continue;
            }

            Assert.Equal("F32", entry.Value.GetProperty("dtype").GetString());
            int[] offsets = entry.Value.GetProperty("data_offsets").Deserialize<int[]>()!;
            tensors.Add(entry.Name, (entry.Value.GetProperty("shape").Deserialize<long[]>()!, MemoryMarshal.Cast<byte, float>(data[offsets[0]..offsets[1]]).ToArray()));
        }

        return (tensors, notes);
    }
}
