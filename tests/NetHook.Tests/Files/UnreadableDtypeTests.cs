using System.Buffers.Binary;
using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Files in which some tensors are of types that TorchSharp lacks, as the quantised checkpoints of today have.</summary>
public sealed class UnreadableDtypeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string File => _folder["t.safetensors"];

    [Theory]
    [InlineData("F8_E4M3", "[4]", 4)]
    [InlineData("F8_E5M2", "[2,2]", 4)]
    [InlineData("F8_E8M0", "[4]", 4)]
    [InlineData("F8_E4M3FNUZ", "[4]", 4)]
    [InlineData("F4", "[8]", 4)]
    [InlineData("F6_E3M2", "[4]", 3)]
    [InlineData("U16", "[2]", 4)]
    [InlineData("U32", "[]", 4)]
    [InlineData("U64", "[1]", 8)]
    public void The_other_tensors_can_be_read_and_this_one_is_listed(string dtype, string shape, int bytes)
    {
        Write($$$"""{"__metadata__":null,"a":{"dtype":"{{{dtype}}}","shape":{{{shape}}},"data_offsets":[0,{{{bytes}}}]},"b":{"dtype":"U8","shape":[2],"data_offsets":[{{{bytes}}},{{{bytes + 2}}}]}}""", bytes + 2);
        using DisposeScope scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(File);

        Assert.Equal((null, dtype, bytes), (file.Entries["a"].Dtype, file.Entries["a"].DtypeName, file.Entries["a"].Length));
        Assert.Equal((ScalarType.Byte, "U8"), (file.Entries["b"].Dtype, file.Entries["b"].DtypeName));
        Assert.StartsWith($"a: {dtype} [", file.Entries["a"].ToString(), StringComparison.Ordinal);
        Assert.Equal([7, 7], file.Read("b").data<byte>().ToArray());
        string refusal = $"{File}, key 'a': It is of type {dtype}, which TorchSharp lacks, and cannot be read. The other tensors of the file can.";
        Messages.Same(refusal, () => file.Read("a"));
        Messages.Same(refusal, () => file.Read("a", ScalarType.Float32));
        Messages.Same(refusal, () => file.ReadInto("a", zeros(4)));
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Messages.Same(refusal, () => SafetensorsFile.Load(File));
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void No_metadata_may_be_written_as_null()
    {
        Write("""{"__metadata__":null,"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", 2);

        using var file = SafetensorsFile.Open(File);
        Assert.Empty(file.Metadata);
    }

    public void Dispose() => _folder.Dispose();

    private void Write(string header, int data)
    {
        byte[] prefix = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(prefix, header.Length);
        System.IO.File.WriteAllBytes(File, [.. prefix, .. Encoding.UTF8.GetBytes(header), .. Enumerable.Repeat((byte)7, data)]);
    }
}
