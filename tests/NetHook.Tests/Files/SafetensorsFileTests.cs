using System.Buffers.Binary;
using System.Text;
using CsCheck;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();

    private string Path => _folder["t.safetensors"];

    [Theory]
    [InlineData(ScalarType.Bool)]
    [InlineData(ScalarType.Byte)]
    [InlineData(ScalarType.Int8)]
    [InlineData(ScalarType.Int16)]
    [InlineData(ScalarType.Int32)]
    [InlineData(ScalarType.Int64)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.ComplexFloat32)]
    public void Every_type_comes_back_bit_by_bit(ScalarType dtype)
    {
        Tensor tensor = randn([3, 5]).mul(10).to(dtype);

        SafetensorsFile.Save(Path, new Dictionary<string, Tensor> { ["x"] = tensor });

        Tensor read = SafetensorsFile.Load(Path)["x"];
        Assert.Equal(dtype, read.dtype);
        Assert.Equal([3, 5], read.shape);
        Assert.Equal(tensor.bytes, read.bytes);
    }

    [Fact]
    public void Any_tensors_come_back() => Gen.Select(
        Gen.String, Gen.Long[0, 4].Array[0, 4], Gen.OneOf(Gen.Const(ScalarType.Float32), Gen.Const(ScalarType.Byte), Gen.Const(ScalarType.Int64))).Array[0, 6]
        .Where(parts => parts.All(part => part.Item1 != "__metadata__" && !part.Item1.Any(char.IsSurrogate)))
        .Sample(parts =>
        {
            using DisposeScope scope = NewDisposeScope();
            var tensors = parts.DistinctBy(part => part.Item1)
                .ToDictionary(part => part.Item1, part => randint(0, 100, part.Item2).to(part.Item3));
            using var folder = new TemporaryFolder();
            string path = folder["any.safetensors"];

            SafetensorsFile.Save(path, tensors);

            Dictionary<string, Tensor> read = SafetensorsFile.Load(path);
            return read.Count == tensors.Count && tensors.All(pair =>
                read[pair.Key].dtype == pair.Value.dtype && read[pair.Key].shape.SequenceEqual(pair.Value.shape) && read[pair.Key].Equals(pair.Value));
        }, iter: 100);

    [Fact]
    public void File_has_the_layout_of_the_format()
    {
        SafetensorsFile.Save(
            Path,
            new Dictionary<string, Tensor> { ["b"] = tensor(new byte[] { 7, 8, 9 }), ["a"] = tensor(new[] { 1.5f, -2f }) },
            new Dictionary<string, string> { ["format"] = "pt" });

        byte[] file = File.ReadAllBytes(Path);
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        string header = Encoding.UTF8.GetString(file, 8, length);
        Assert.Equal(0, length % 8);
        Assert.Equal(
            """{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}""",
            header.TrimEnd(' '));
        Assert.Equal([0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0, 7, 8, 9], file[(8 + length)..]);
    }

    [Fact]
    public void Entries_and_metadata_are_those_saved_in_order()
    {
        SafetensorsFile.Save(
            Path,
            new Dictionary<string, Tensor> { ["z"] = ones(2, 3), ["a"] = ones(1), ["s"] = tensor(4f) },
            new Dictionary<string, string> { ["note"] = "é\n" });

        using var file = SafetensorsFile.Open(Path);

        Assert.Equal(["z", "a", "s"], file.Entries.Keys);
        Assert.Equal([2, 3], file.Entries["z"].Shape);
        Assert.Empty(file.Entries["s"].Shape);
        Assert.Equal(24, file.Entries["z"].Length);
        Assert.Equal("é\n", file.Metadata["note"]);
        Assert.Equal(4f, file.Read("s").item<float>());
    }

    [Fact]
    public void An_entry_says_what_it_is()
    {
        Assert.Equal("wte.weight: Float32 [50257, 768], 154389504 bytes at 14344", new SafetensorsEntry("wte.weight", float32, [50257, 768], 14344, 154389504).ToString());
        Assert.Equal("s: Int64 [], 8 bytes at 72", new SafetensorsEntry("s", int64, [], 72, 8).ToString());
        Assert.Equal("none: Int64 [], 0 bytes at 0", new SafetensorsEntry("none", int64, default, 0, 0).ToString());
    }

    [Fact]
    public void Entries_that_say_the_same_are_equal()
    {
        SafetensorsEntry Entry(params long[] shape) => new("w", float32, [.. shape], 8, 24);

        Assert.Equal(Entry(2, 3), Entry(2, 3));
        Assert.Equal(Entry(2, 3).GetHashCode(), Entry(2, 3).GetHashCode());
        Assert.NotEqual(Entry(2, 3), Entry(3, 2));
        Assert.NotEqual(Entry(2, 3), Entry(2, 3) with { Offset = 16 });
    }

    [Fact]
    public void Views_and_conjugates_are_saved_as_they_read()
    {
        Tensor view = arange(12).view(3, 4).transpose(0, 1), conjugate = randn(3, ScalarType.ComplexFloat32).conj();

        SafetensorsFile.Save(Path, new Dictionary<string, Tensor> { ["view"] = view, ["conjugate"] = conjugate });

        Dictionary<string, Tensor> read = SafetensorsFile.Load(Path);
        Assert.True(read["view"].Equals(view));
        Assert.True(read["conjugate"].Equals(conjugate));
    }

    [Fact]
    public void Reading_converts_to_the_type_asked_for()
    {
        Tensor tensor = randn(7).to(ScalarType.BFloat16);
        SafetensorsFile.Save(Path, new Dictionary<string, Tensor> { ["x"] = tensor });
        using var file = SafetensorsFile.Open(Path);

        Tensor read = file.Read("x", ScalarType.Float64);

        Assert.True(read.Equals(tensor.to(ScalarType.Float64)));
    }

    [Fact]
    public void Large_tensors_are_read_and_converted_in_parts()
    {
        // More than one part of 16 MiB.
        Tensor tensor = arange(9_000_001, ScalarType.Float32);
        SafetensorsFile.Save(Path, new Dictionary<string, Tensor> { ["x"] = tensor });
        using var file = SafetensorsFile.Open(Path);

        Assert.True(file.Read("x").Equals(tensor));
        Assert.True(file.Read("x", ScalarType.Float64).Equals(tensor.to(ScalarType.Float64)));
    }

    [Fact]
    public void Reading_into_a_parameter_leaves_it_a_leaf()
    {
        SafetensorsFile.Save(Path, new Dictionary<string, Tensor> { ["x"] = ones(2, 2) });
        using var file = SafetensorsFile.Open(Path);
        var same = new TorchSharp.Modules.Parameter(zeros(2, 2));
        var wider = new TorchSharp.Modules.Parameter(zeros([2, 2], ScalarType.Float64));

        file.ReadInto("x", same);
        file.ReadInto("x", wider);

        Assert.True(same.requires_grad && same.is_leaf && same.Equals(ones(2, 2)));
        Assert.True(wider.requires_grad && wider.is_leaf && wider.Equals(ones([2, 2], ScalarType.Float64)));
    }

    [Fact]
    public void Reading_into_a_view_fills_the_view()
    {
        Tensor values = arange(6, ScalarType.Float32).view(2, 3);
        SafetensorsFile.Save(Path, new Dictionary<string, Tensor> { ["x"] = values });
        using var file = SafetensorsFile.Open(Path);
        Tensor whole = zeros(3, 4);

        file.ReadInto("x", whole.narrow(0, 0, 3).narrow(1, 1, 2).transpose(0, 1));

        Assert.True(whole.narrow(1, 1, 2).transpose(0, 1).Equals(values));
        Assert.Equal(15, whole.sum().item<float>());
    }

    [Fact]
    public void Booleans_of_any_byte_are_zero_or_one()
    {
        SafetensorsFile.Save(Path, new Dictionary<string, Tensor> { ["x"] = tensor(new byte[] { 0, 1, 2, 255 }) });
        File.WriteAllText(Path, File.ReadAllText(Path, Encoding.Latin1).Replace("\"U8\"", "\"BOOL\"", StringComparison.Ordinal).Replace("  ", "", StringComparison.Ordinal), Encoding.Latin1);

        Tensor read = SafetensorsFile.Load(Path)["x"];

        Assert.Equal(new byte[] { 0, 1, 1, 1 }, read.bytes);
    }

    [Fact]
    public void Reading_into_another_shape_is_refused()
    {
        SafetensorsFile.Save(Path, new Dictionary<string, Tensor> { ["x"] = ones(2, 2) });
        using var file = SafetensorsFile.Open(Path);

        CheckpointException e = Assert.Throws<CheckpointException>(() => file.ReadInto("x", zeros(4)));

        Assert.Equal($"{Path}, key 'x': Its shape is [2, 2], expected [4].", e.Message);
        Assert.Equal((Path, "x"), (e.File, e.Key));
    }

    [Fact]
    public void A_key_that_is_not_there_is_refused()
    {
        SafetensorsFile.Save(Path, new Dictionary<string, Tensor> { ["x"] = ones(2, 2) });
        using var file = SafetensorsFile.Open(Path);

        Assert.Equal($"{Path}, key 'y': The file has no such key among its 1.", Assert.Throws<CheckpointException>(() => file.Read("y")).Message);
    }

    [Fact]
    public void Tensors_without_data_of_their_own_are_refused_and_nothing_is_written()
    {
        foreach ((Tensor tensor, string kind) in new[]
        {
            (zeros([2], ScalarType.Float32, META), "on the meta device, without data"),
            (ones(2, 2).to_sparse(), "sparse"),
            (ones([2], ScalarType.ComplexFloat64), "of type ComplexFloat64"),
        })
        {
            ArgumentException e = Assert.Throws<ArgumentException>(() => SafetensorsFile.Save(Path, new Dictionary<string, Tensor> { ["good"] = ones(1), ["bad"] = tensor }));
            Assert.Equal($"The tensor 'bad' cannot be saved as safetensors: it is {kind}.", e.Message);
        }

        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void The_key_of_the_format_is_refused()
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => SafetensorsFile.Save(Path, new Dictionary<string, Tensor> { ["__metadata__"] = ones(1) }));

        Assert.Equal("The key '__metadata__' is the format's own: choose another.", e.Message);
    }

    [Fact]
    public void Saving_replaces_a_file_whole()
    {
        SafetensorsFile.Save(Path, new Dictionary<string, Tensor> { ["x"] = ones(1000) });
        SafetensorsFile.Save(Path, new Dictionary<string, Tensor> { ["y"] = ones(1) });

        Assert.Equal(["y"], SafetensorsFile.Load(Path).Keys);
        Assert.Single(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Saving_where_it_cannot_leaves_everything_as_it_was()
    {
        Directory.CreateDirectory(Path);

        Assert.ThrowsAny<Exception>(() => SafetensorsFile.Save(Path, new Dictionary<string, Tensor> { ["x"] = ones(1) }));
        Assert.ThrowsAny<IOException>(() => SafetensorsFile.Save(_folder["none/t.safetensors"], new Dictionary<string, Tensor> { ["x"] = ones(1) }));

        Assert.Empty(Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void An_empty_file_of_no_tensors_is_sound()
    {
        SafetensorsFile.Save(Path, new Dictionary<string, Tensor>());

        Assert.Empty(SafetensorsFile.Load(Path));
    }

    public void Dispose()
    {
        _folder.Dispose();
        _scope.Dispose();
    }
}
