using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>What could not be read again is refused before anything is written, and the file that is there stays.</summary>
public sealed class UnsavableContentTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();

    public UnsavableContentTests() => SafetensorsFile.Save(File, new Dictionary<string, Tensor> { ["good"] = ones(2) });

    private string File => _folder["t.safetensors"];

    [Theory]
    [InlineData("a", 0xD800, "")]
    [InlineData("", 0xDC00, "b")]
    [InlineData("\ud83d\ude00", 0xD800, "x")]
    public void Half_of_a_surrogate_pair_is_no_name(string before, int half, string after)
    {
        string name = $"{before}{(char)half}{after}";
        Refused($"The key '{name}' is not Unicode: it has half of a surrogate pair at {before.Length}. JSON cannot hold it.", new() { [name] = ones(1) });
        Refused($"The name of the note '{name}' is not Unicode: it has half of a surrogate pair at {before.Length}. JSON cannot hold it.", [], new() { [name] = "x" });
        Refused($"The note 'n', '{name}' is not Unicode: it has half of a surrogate pair at {before.Length}. JSON cannot hold it.", [], new() { ["n"] = name });
    }

    [Fact]
    public void Whole_surrogate_pairs_and_empty_names_are_names()
    {
        SafetensorsFile.Save(File, new Dictionary<string, Tensor> { ["\ud83d\ude00"] = ones(1), [""] = ones(2) }, new Dictionary<string, string> { ["\0"] = "\u2028" });

        Assert.Equal(["", "\ud83d\ude00"], SafetensorsFile.Load(File).Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_null_note_is_refused() => Refused("The note 'n' is null: leave it out.", [], new() { ["n"] = null! });

    [Fact]
    public void A_null_or_disposed_tensor_is_refused()
    {
        Tensor gone = ones(1);
        gone.Dispose();
        Refused("The tensor 'x' cannot be saved as safetensors: it is null.", new() { ["x"] = null! });
        Refused("The tensor 'x' cannot be saved as safetensors: it is disposed.", new() { ["x"] = gone });
    }

    [Fact]
    public void A_tensor_of_more_dimensions_than_can_be_read_is_refused() => Refused(
        "The tensor 'x' cannot be saved as safetensors: it is of 65 dimensions, and 64 is the most.",
        new() { ["x"] = empty([.. Enumerable.Repeat(1L, 65)]) });

    [Theory]
    [InlineData(100_000_001, "The names, shapes and notes take 100000002 bytes or more, and safetensors allows 100000000: shorten the notes, or save to several files.")]
    [InlineData(99_999_990, "The names, shapes and notes take 100000016 bytes or more, and safetensors allows 100000000: shorten the notes, or save to several files.")]
    public void Notes_beyond_the_formats_limit_are_refused(int length, string refusal) =>
        Refused(refusal, [], new() { ["n"] = new string('x', length) });

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private void Refused(string message, Dictionary<string, Tensor> tensors, Dictionary<string, string>? notes = null)
    {
        byte[] before = System.IO.File.ReadAllBytes(File);

        ArgumentException e = Assert.Throws<ArgumentException>(() => SafetensorsFile.Save(File, tensors, notes));

        Assert.Equal(message, e.Message);
        Assert.Equal(before, System.IO.File.ReadAllBytes(File));
        Assert.Equal([File], Directory.GetFileSystemEntries(_folder.Path));
    }
}
