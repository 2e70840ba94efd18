namespace NetHook.Build.Tests;

/// <summary>The copy that outputs get, and the original that stays as it was.</summary>
public sealed class VersionNeedCopyTests : IDisposable
{
    private static readonly byte[] Content = new ElfImage().ToBytes();
    private readonly TemporaryFolder _folder = new();
    private readonly string _original;
    private readonly string _copy;

    public VersionNeedCopyTests()
    {
        _original = _folder["cache/libLibTorchSharp.so"];
        _copy = _folder["obj/libLibTorchSharp.so"];
        File.WriteAllBytes(_original, Content);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Copy_is_relaxed_and_the_original_is_not()
    {
        Assert.True(VersionNeed.CopyRelaxed(_original, _copy));
        AssertRelaxedCopy();
    }

    [Fact]
    public void Hard_link_to_the_original_is_not_written_through()
    {
        HardLink.Create(_copy, _original);

        Assert.True(VersionNeed.CopyRelaxed(_original, _copy));
        AssertRelaxedCopy();
    }

    [Fact]
    public void Symbolic_link_to_the_original_is_not_written_through()
    {
        File.CreateSymbolicLink(_copy, _original);

        Assert.True(VersionNeed.CopyRelaxed(_original, _copy));
        AssertRelaxedCopy();
        Assert.Null(new FileInfo(_copy).LinkTarget);
    }

    [Fact]
    public void Read_only_original_is_copied()
    {
        File.SetAttributes(_original, FileAttributes.ReadOnly);

        Assert.True(VersionNeed.CopyRelaxed(_original, _copy));
        Assert.True(VersionNeed.CopyRelaxed(_original, _copy));
        AssertRelaxedCopy();
        File.SetAttributes(_original, FileAttributes.Normal);
    }

    [Fact]
    public void Library_that_needs_nothing_is_copied_as_it_is()
    {
        byte[] newer = new ElfImage { Without = [0x6ffffffe] }.ToBytes();
        File.WriteAllBytes(_original, newer);

        Assert.False(VersionNeed.CopyRelaxed(_original, _copy));
        Assert.Equal(newer, File.ReadAllBytes(_copy));
    }

    [Fact]
    public void Refused_library_leaves_no_copy_of_an_earlier_one()
    {
        VersionNeed.CopyRelaxed(_original, _copy);
        File.WriteAllText(_original, "#!/bin/sh");

        Assert.Throws<InvalidDataException>(() => VersionNeed.CopyRelaxed(_original, _copy));
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(_copy)!));
    }

    private void AssertRelaxedCopy()
    {
        Assert.Equal(Content, File.ReadAllBytes(_original));
        byte[] relaxed = Content.ToArray();
        VersionNeed.Relax(relaxed);
        Assert.Equal(relaxed, File.ReadAllBytes(_copy));
        Assert.Equal([_copy], Directory.GetFiles(Path.GetDirectoryName(_copy)!));
    }
}
