using CsCheck;

namespace NetHook.Build.Tests;

/// <summary>The one flag set in the image of a library.</summary>
public sealed class VersionNeedRelaxTests
{
    [Fact]
    public void Library_that_asks_for_the_version_gets_one_flag()
    {
        byte[] before = new ElfImage().ToBytes();
        var weak = new ElfImage
        {
            Needs = [("libc.so.6", "GLIBC_2.2.5", 0), ("libstdc++.so.6", "GLIBCXX_3.4.32", 2), ("libstdc++.so.6", "GLIBCXX_3.4", 0)],
        };

        byte[] after = before.ToArray();
        Assert.True(VersionNeed.Relax(after));
        Assert.Equal(weak.ToBytes(), after);
        Assert.Single(Differences(before, after));
    }

    [Fact]
    public void Library_of_the_package_differs_in_one_bit_afterwards()
    {
        byte[] before = File.ReadAllBytes(Paths.LibTorchSharp);
        byte[] after = before.ToArray();

        Assert.True(VersionNeed.Relax(after));
        int at = Assert.Single(Differences(before, after));
        Assert.Equal(2, before[at] ^ after[at]);
    }

    [Fact]
    public void Relaxed_library_stays_as_it_is()
    {
        byte[] once = new ElfImage().ToBytes();
        VersionNeed.Relax(once);
        byte[] twice = once.ToArray();

        Assert.False(VersionNeed.Relax(twice));
        Assert.Equal(once, twice);
    }

    [Fact]
    public void Other_flags_of_the_entry_are_kept()
    {
        var image = new ElfImage { Needs = [("libstdc++.so.6", "GLIBCXX_3.4.32", 0x100)], Symbols = [] };
        ElfImage expected = image with { Needs = [("libstdc++.so.6", "GLIBCXX_3.4.32", 0x102)] };

        byte[] bytes = image.ToBytes();
        Assert.True(VersionNeed.Relax(bytes));
        Assert.Equal(expected.ToBytes(), bytes);
    }

    [Fact]
    public void Library_that_does_not_ask_for_the_version_stays_as_it_is()
    {
        ElfImage[] images =
        [
            new() { Needs = [("libstdc++.so.6", "GLIBCXX_3.4.33", 0)] },
            new() { Without = [0x6ffffffe] },
        ];

        Assert.All(images, image =>
        {
            byte[] bytes = image.ToBytes();
            Assert.False(VersionNeed.Relax(bytes));
            Assert.Equal(image.ToBytes(), bytes);
        });
    }

    [Fact]
    public void Damaged_library_is_refused_or_changed_by_one_bit_at_most()
    {
        byte[] valid = new ElfImage().ToBytes();
        Gen<(int, byte)[]> damage = Gen.Select(Gen.Int[0, valid.Length - 1], Gen.OneOf(Gen.Byte, Gen.Byte[0, 1], Gen.Byte[0x7f, 0xff])).Array[1, 8];
        Gen.Select(damage, Gen.Int[0, valid.Length]).Sample((damages, length) =>
        {
            byte[] before = valid.ToArray();
            foreach ((int at, byte value) in damages)
            {
                before[at] = value;
            }

            Array.Resize(ref before, length);
            byte[] after = before.ToArray();
            bool changed = false;
            try
            {
                changed = VersionNeed.Relax(after);
            }
            catch (InvalidDataException)
            {
                // Refused, as a damaged library may be.
            }

            Assert.Equal(changed ? 1 : 0, Differences(before, after).Count());
        });
    }

    private static IEnumerable<int> Differences(byte[] before, byte[] after) =>
        Enumerable.Range(0, before.Length).Where(at => before[at] != after[at]);
}
