namespace NetHook.Build.Tests;

/// <summary>What is refused, in the words that a user reads.</summary>
public sealed class VersionNeedRefusalTests
{
    private const int FirstSection = 64;
    private const int Names = FirstSection + ElfImage.SectionHeader;
    private const int Symbols = Names + ElfImage.SectionHeader;
    private const int Versions = Symbols + ElfImage.SectionHeader;
    private const int Needs = Versions + ElfImage.SectionHeader;

    [Theory]
    [InlineData("it is no ELF file", 1, 'e')]
    [InlineData("it is no 64-bit little-endian file", 4, 1)]
    [InlineData("it is no 64-bit little-endian file", 5, 2)]
    [InlineData("it is no shared library for x86-64", 16, 2)]
    [InlineData("it is no shared library for x86-64", 18, 183)]
    [InlineData("its section headers have an unknown size", 58, 40)]
    [InlineData("it ends early", 41, 0x70)]
    [InlineData("it ends early", 60, 0xff)]
    [InlineData("an offset is larger than any file", 47, 0x80)]
    [InlineData("an offset is larger than any file", Needs + 31, 0xff)]
    [InlineData("a section lies outside the file", Needs + 25, 0x70)]
    [InlineData("a section lies outside the file", Needs + 33, 0x70)]
    [InlineData("a section lies outside the file", Names + 39, 0x7f)]
    [InlineData("a section links to one that does not exist", Needs + 40, 6)]
    [InlineData("a record lies outside its section", Needs + 32, 15)]
    [InlineData("a record lies outside its section", Versions + 32, 6)]
    [InlineData("a record lies outside its section", Names + 32, 1)]
    public void Damaged_library_is_refused(string reason, int at, int value)
    {
        byte[] image = new ElfImage().ToBytes();
        image[at] = (byte)value;

        AssertRefused(reason, image);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(63)]
    public void File_shorter_than_a_header_is_refused(int length) => AssertRefused("it is no ELF file", new ElfImage().ToBytes()[..length]);

    [Fact]
    public void Name_without_an_end_is_refused()
    {
        byte[] image = new ElfImage().ToBytes();
        // The last name is GLIBCXX_3.4; its terminating zero is the table's last byte.
        image[Names + 32]--;

        AssertRefused("a name has no end", image);
    }

    [Fact]
    public void Version_of_another_library_is_refused() => AssertRefused(
        "it asks libc++.so.1 for GLIBCXX_3.4.32, and that should be libstdc++.so.6, once",
        new ElfImage { Needs = [("libc++.so.1", "GLIBCXX_3.4.32", 0)] }.ToBytes());

    [Fact]
    public void Version_asked_for_twice_is_refused() => AssertRefused(
        "it asks libstdc++.so.6 for GLIBCXX_3.4.32, and that should be libstdc++.so.6, once",
        new ElfImage { Needs = [("libstdc++.so.6", "GLIBCXX_3.4.32", 0), ("libstdc++.so.6", "GLIBCXX_3.4.32", 0)] }.ToBytes());

    [Theory]
    [InlineData(0)]
    [InlineData(0x8000)]
    public void Symbol_that_needs_the_version_is_refused(int hidden)
    {
        ushort version = (ushort)(ElfImage.VersionIndex + 1 + hidden);
        AssertRefused("its symbol _ZSt4other needs GLIBCXX_3.4.32", new ElfImage { Symbols = [("", 0), ("_ZSt4other", version)] }.ToBytes());
    }

    [Fact]
    public void Relocation_against_the_symbol_is_refused() => AssertRefused(
        "it uses _ZSt21ios_base_library_initv, which needs GLIBCXX_3.4.32",
        new ElfImage { Relocations = [1, 2, 3] }.ToBytes());

    [Fact]
    public void Library_without_symbols_or_their_versions_is_refused()
    {
        AssertRefused("it has no dynamic symbols", new ElfImage { Without = [11] }.ToBytes());
        AssertRefused("its symbols have no versions", new ElfImage { Without = [0x6fffffff] }.ToBytes());
    }

    private static void AssertRefused(string reason, byte[] image)
    {
        byte[] before = image.ToArray();

        Assert.Equal(reason, Assert.Throws<InvalidDataException>(() => VersionNeed.Relax(image)).Message);
        Assert.Equal(before, image);
    }
}
