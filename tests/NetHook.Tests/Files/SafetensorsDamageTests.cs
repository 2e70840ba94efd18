using System.Buffers.Binary;
using System.Text;
using CsCheck;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

public sealed class SafetensorsDamageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Path => _folder["t.safetensors"];

    [Fact]
    public void A_missing_file_is_named()
    {
        CheckpointException e = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(Path));

        Assert.StartsWith($"{Path}: It cannot be read: ", e.Message, StringComparison.Ordinal);
        Assert.Equal((Path, null), (e.File, e.Key));
    }

    [Fact]
    public void A_file_too_short_for_a_length_is_refused()
    {
        File.WriteAllBytes(Path, [1, 2, 3]);

        Refused("It is 3 bytes long, too short for a safetensors file.");
    }

    [Theory]
    [InlineData(3UL, "Its header claims 3 bytes where the file has 2: it is truncated, or no safetensors file.")]
    [InlineData(ulong.MaxValue, "Its header claims 18446744073709551615 bytes where the file has 2: it is truncated, or no safetensors file.")]
    [InlineData(1UL << 63, "Its header claims 9223372036854775808 bytes where the file has 2: it is truncated, or no safetensors file.")]
    public void A_header_longer_than_the_file_is_refused(ulong length, string problem)
    {
        WriteRaw(length, "{}");

        Refused(problem);
    }

    [Fact]
    public void A_header_longer_than_the_format_allows_is_refused_unread()
    {
        using (FileStream stream = File.Create(Path))
        {
            Span<byte> prefix = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(prefix, 100_000_001);
            stream.Write(prefix);
            stream.SetLength(200_000_000);
        }

        Refused("Its header claims 100000001 bytes, more than the 100000000 that safetensors allows.");
    }

    [Theory]
    [InlineData("[]", "Its header is not a JSON object.")]
    [InlineData("3", "Its header is not a JSON object.")]
    [InlineData("""{"x":3}""", "Its description is not a JSON object.", "x")]
    [InlineData("""{"x":{"dtype":"F32","shape":[0]}}""", "Its description lacks one of dtype, shape and data_offsets (two numbers).", "x")]
    [InlineData("""{"x":{"dtype":"F32","shape":[0],"data_offsets":[0]}}""", "Its description lacks one of dtype, shape and data_offsets (two numbers).", "x")]
    [InlineData("""{"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0,0]}}""", "Its description lacks one of dtype, shape and data_offsets (two numbers).", "x")]
    [InlineData("""{"x":{"dtype":7,"shape":[0],"data_offsets":[0,0]}}""", "Its description has an unknown, repeated or mistyped property 'dtype'.", "x")]
    [InlineData("""{"x":{"dtype":"F32","shape":[0],"shape":[1],"data_offsets":[0,0]}}""", "Its description has an unknown, repeated or mistyped property 'shape'.", "x")]
    [InlineData("""{"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0],"evil":{}}}""", "Its description has an unknown, repeated or mistyped property 'evil'.", "x")]
    [InlineData("""{"x":{"dtype":"F7","shape":[0],"data_offsets":[0,0]}}""", "Its dtype F7 is not one of the format (BOOL, U8, I8, I16, I32, I64, F16, BF16, F32, F64, C64, F4, F6_E2M3, F6_E3M2, F8_E4M3, F8_E5M2, F8_E8M0, F8_E4M3FNUZ, F8_E5M2FNUZ, U16, U32, U64).", "x")]
    [InlineData("""{"x":{"dtype":"F8_E4M3","shape":[3],"data_offsets":[0,4]}}""", "Its shape [3] of F8_E4M3 does not take the 4 bytes it is given.", "x")]
    [InlineData("""{"x":{"dtype":"F4","shape":[3],"data_offsets":[0,4]}}""", "Its shape [3] of F4 does not take the 4 bytes it is given.", "x")]
    [InlineData("""{"x":{"dtype":"F32","shape":[0,4611686018427387904,4611686018427387904],"data_offsets":[0,0]}}""", "Its shape [0, 4611686018427387904, 4611686018427387904] of F32 does not take the 0 bytes it is given.", "x")]
    [InlineData("""{"x":{"dtype":"F32","shape":[9223372036854775807,0],"data_offsets":[0,0]}}""", "Its shape [9223372036854775807, 0] of F32 does not take the 0 bytes it is given.", "x")]
    [InlineData("""{"__metadata__":null,"__metadata__":{}}""", "It is not one JSON object.", "__metadata__")]
    [InlineData("""{"__metadata__":{},"__metadata__":{"a":"1"}}""", "It is not one JSON object.", "__metadata__")]
    [InlineData("""{"x":{"dtype":"F32","shape":4,"data_offsets":[0,0]}}""", "Its shape is not an array.", "x")]
    [InlineData("""{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", "Its shape holds something else than whole numbers from 0 to 9223372036854775807.", "x")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", "Its shape holds something else than whole numbers from 0 to 9223372036854775807.", "x")]
    [InlineData("""{"x":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}""", "Its shape holds something else than whole numbers from 0 to 9223372036854775807.", "x")]
    [InlineData("""{"x":{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}}""", "Its shape holds something else than whole numbers from 0 to 9223372036854775807.", "x")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "Its data is said to be at 0 to 8, but the file has 4 bytes of data: it is truncated or damaged.", "x")]
    [InlineData("""{"x":{"dtype":"F32","shape":[0],"data_offsets":[4,0]}}""", "Its data is said to be at 4 to 0, but the file has 4 bytes of data: it is truncated or damaged.", "x")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[9223372036854775804,9223372036854775807]}}""", "Its data is said to be at 9223372036854775804 to 9223372036854775807, but the file has 4 bytes of data: it is truncated or damaged.", "x")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", "Its shape [2] of F32 does not take the 4 bytes it is given.", "x")]
    [InlineData("""{"x":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}""", "Its shape [4294967296, 4294967296] of F32 does not take the 4 bytes it is given.", "x")]
    [InlineData("""{"x":{"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]}}""", "Its shape [4611686018427387905] of F32 does not take the 4 bytes it is given.", "x")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "It is in the header twice.", "x")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}""", "Its data overlaps that of 'x'.", "y")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "Its data overlaps that of 'x'.", "y")]
    [InlineData("""{"x":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}""", "Before its data, 2 bytes belong to no tensor.", "x")]
    [InlineData("""{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", "Its last 2 bytes belong to no tensor.")]
    [InlineData("""{"__metadata__":[]}""", "It is not one JSON object.", "__metadata__")]
    [InlineData("""{"__metadata__":{"a":1}}""", "Its entry 'a' is not one string.", "__metadata__")]
    [InlineData("""{"__metadata__":{"a":"1","a":"2"}}""", "Its entry 'a' is not one string.", "__metadata__")]
    public void A_wrong_header_is_refused(string header, string problem, string? key = null)
    {
        WriteRaw((ulong)header.Length, header + "data");

        Refused(problem, key);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not json")]
    [InlineData("{} {}")]
    [InlineData("{")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}""")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},}""")]
    public void A_header_that_is_not_json_is_refused(string header)
    {
        WriteRaw((ulong)header.Length, header + "data");

        Assert.StartsWith($"{Path}: Its header is not valid JSON: ", Refusal().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_header_that_is_not_utf8_is_refused()
    {
        byte[] header = [.. "{\""u8, 0xFF, 0xFE, .. "\":{}}"u8];
        byte[] file = new byte[8 + header.Length];
        BinaryPrimitives.WriteInt64LittleEndian(file, header.Length);
        header.CopyTo(file, 8);
        File.WriteAllBytes(Path, file);

        Assert.StartsWith($"{Path}: Its header is not valid JSON: ", Refusal().Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("shape", "[1],\"data_offsets\":[0,4]")]
    [InlineData("data_offsets", "[0,4]")]
    public void Numbers_without_end_are_refused_unread(string property, string rest)
    {
        string header = $$$"""{"x":{"dtype":"U8","{{{property}}}":[{{{string.Join(',', Enumerable.Repeat("1", 1_000_000))}}}],"{{{property}}}":{{{rest}}}}}""";
        WriteRaw((ulong)header.Length, header);
        long before = GC.GetAllocatedBytesForCurrentThread();

        Refused($"Its {property} holds more than 64 numbers.", "x");

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 3 * header.Length);
    }

    [Fact]
    public void Names_without_end_make_no_message_without_end()
    {
        string header = $$$"""{"{{{new string('k', 300_000)}}}":{"dtype":"{{{new string('d', 300_000)}}}","shape":[],"data_offsets":[0,0]}}""";
        WriteRaw((ulong)header.Length, header);

        Assert.InRange(Refusal().Message.Length, 0, 1000);
        Assert.Equal(300_000, Refusal().Key!.Length);
    }

    [Fact]
    public void A_deeply_nested_header_is_refused()
    {
        string header = string.Concat(Enumerable.Repeat("{\"a\":", 100_000));
        WriteRaw((ulong)header.Length, header);

        Refusal();
    }

    [Fact]
    public void Any_damage_is_refused_or_read()
    {
        using DisposeScope scope = NewDisposeScope();
        SafetensorsFile.Save(
            Path,
            new Dictionary<string, Tensor> { ["x"] = ones(2, 3), ["y"] = ones([4], ScalarType.Byte) },
            new Dictionary<string, string> { ["format"] = "pt" });
        byte[] sound = File.ReadAllBytes(Path);

        Gen.Select(Gen.Int[0, sound.Length], Gen.Select(Gen.Int[0, sound.Length - 1], Gen.Byte).Array[0, 4]).Sample((length, changes) =>
        {
            byte[] damaged = [.. sound];
            foreach ((int index, byte value) in changes)
                damaged[index] = value;
            string path = _folder[$"{Guid.NewGuid():N}"];
            File.WriteAllBytes(path, damaged[..(length < sound.Length / 2 ? sound.Length : length)]);
            using DisposeScope inner = NewDisposeScope();
            try
            {
                SafetensorsFile.Load(path);
            }
            catch (CheckpointException)
            {
            }
        }, iter: 500);
    }

    public void Dispose() => _folder.Dispose();

    private void WriteRaw(ulong length, string rest)
    {
        byte[] prefix = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, length);
        File.WriteAllBytes(Path, [.. prefix, .. Encoding.UTF8.GetBytes(rest)]);
    }

    private CheckpointException Refusal() => Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(Path));

    private void Refused(string problem, string? key = null)
    {
        CheckpointException e = Refusal();
        Assert.Equal(key is null ? $"{Path}: {problem}" : $"{Path}, key '{key}': {problem}", e.Message);
        Assert.Equal((Path, key), (e.File, e.Key));
    }
}
