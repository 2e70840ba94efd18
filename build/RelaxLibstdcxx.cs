#nullable enable
using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
#if !WITHOUT_MSBUILD
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
#endif

namespace NetHook.Build;

#if !WITHOUT_MSBUILD
/// <summary>Writes a copy of TorchSharp's library for Linux that loads where libstdc++ lacks GLIBCXX_3.4.32.</summary>
/// <remarks>MSBuild compiles this file when it first needs it, against netstandard2.0, so it uses nothing newer.</remarks>
public sealed class RelaxLibstdcxx : Task
{
    /// <summary>The library in the package cache; only read.</summary>
    [Required]
    public string Original { get; set; } = "";

    /// <summary>The copy to write. Where the original is not what is expected, there is none afterwards.</summary>
    [Required]
    public string Relaxed { get; set; } = "";

    /// <inheritdoc/>
    public override bool Execute()
    {
        try
        {
            var changed = VersionNeed.CopyRelaxed(Original, Relaxed);
            Log.LogMessage(MessageImportance.Low, "{0}: {1}", Relaxed, changed ? "relaxed" : "nothing to relax");
        }
        catch (InvalidDataException unexpected)
        {
            Log.LogWarning(
                null, "NETHOOK001", null, Original, 0, 0, 0, 0,
                "TorchSharp's library is used unchanged, since {0}. It may not load on Debian 12 or Ubuntu 22.04, whose libstdc++ "
                + "lacks {1}. Use a TorchSharp version that NetHook supports, or set NetHookRelaxLibstdcxx to false.",
                unexpected.Message, VersionNeed.Version);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Log.LogError(null, "NETHOOK002", null, Relaxed, 0, 0, 0, 0, "The library cannot be written: {0}", failure.Message);
        }

        return !Log.HasLoggedErrors;
    }
}
#endif

/// <summary>Makes one symbol version that a 64-bit ELF library asks for, and does not use, a weak one.</summary>
/// <remarks>
/// A library lists the symbol versions it needs in <c>.gnu.version_r</c>. The loader refuses a library whose list names a
/// version that is missing on the system, unless that entry has the flag <c>VER_FLG_WEAK</c>. GCC 13 adds GLIBCXX_3.4.32 to the
/// list of everything that includes &lt;iostream&gt;, for a symbol that no relocation refers to: nothing is missed without it.
/// See "Linux Standard Base Core Specification", Symbol Versioning.
/// </remarks>
internal static class VersionNeed
{
    /// <summary>The version that Debian 12 and Ubuntu 22.04 lack.</summary>
    public const string Version = "GLIBCXX_3.4.32";

    private const string Library = "libstdc++.so.6";
    private const string UnusedSymbol = "_ZSt21ios_base_library_initv";
    private const byte Weak = 2;

    /// <summary>Copies a library, with the one flag set, through a temporary file: what the destination was linked to stays.</summary>
    /// <returns>Whether a flag was set; false where the library needs none and the copy is as the original.</returns>
    /// <exception cref="InvalidDataException">The library is not what is expected; the destination is gone.</exception>
    public static bool CopyRelaxed(string original, string destination)
    {
        string directory = Path.GetDirectoryName(Path.GetFullPath(destination))!;
        Directory.CreateDirectory(directory);
        File.Delete(destination);
        byte[] image = File.ReadAllBytes(original);
        bool changed = Relax(image);
        string temporary = Path.Combine(directory, Path.GetRandomFileName());
        try
        {
            File.WriteAllBytes(temporary, image);
            File.Move(temporary, destination);
        }
        finally
        {
            File.Delete(temporary);
        }

        return changed;
    }

    /// <summary>Sets the flag in a library's image.</summary>
    /// <returns>Whether it was set; false where the library does not ask for the version, or asks for it weakly already.</returns>
    /// <exception cref="InvalidDataException">No such library, or one that uses the version; the image is unchanged.</exception>
    public static bool Relax(byte[] image)
    {
        var elf = new Elf(image);
        if (FindVersion(elf) is not { } entry || (elf.UInt16(entry + 4) & Weak) != 0)
        {
            return false;
        }

        ThrowIfUsed(elf, elf.UInt16(entry + 6));
        image[entry + 4] |= Weak;
        return true;
    }

    /// <summary>The offset of the version's Elf64_Vernaux, which hangs on the Elf64_Verneed of libstdc++.</summary>
    private static long? FindVersion(Elf elf)
    {
        if (elf.Find(SectionType.VersionNeed) is not { } needs)
        {
            return null;
        }

        long? found = null;
        Section names = elf.Linked(needs);
        foreach (long library in elf.Chain(needs, needs.Start, nextAt: 12))
        {
            foreach (long version in elf.Chain(needs, library + elf.UInt32(library + 8), nextAt: 12))
            {
                if (elf.Text(names, elf.UInt32(version + 8)) == Version)
                {
                    string name = elf.Text(names, elf.UInt32(library + 4));
                    Elf.Require(name == Library && found is null, $"it asks {name} for {Version}, and that should be {Library}, once");
                    found = version;
                }
            }
        }

        return found;
    }

    private static void ThrowIfUsed(Elf elf, ushort version)
    {
        Section symbols = elf.Find(SectionType.DynamicSymbols) ?? throw new InvalidDataException("it has no dynamic symbols");
        Section versions = elf.Find(SectionType.SymbolVersions) ?? throw new InvalidDataException("its symbols have no versions");
        Section names = elf.Linked(symbols);
        var carriers = new HashSet<long>();
        for (long symbol = 0; symbol < symbols.Size / 24; symbol++)
        {
            // The highest bit says that a symbol is hidden.
            if ((elf.UInt16(versions.Within(versions.Start + (symbol * 2), 2)) & 0x7fff) == version)
            {
                string name = elf.Text(names, elf.UInt32(symbols.Start + (symbol * 24)));
                Elf.Require(name == UnusedSymbol, $"its symbol {name} needs {Version}");
                carriers.Add(symbol);
            }
        }

        foreach (Section relocations in elf.FindAll(SectionType.Relocations))
        {
            for (long relocation = relocations.Start; relocation + 24 <= relocations.End; relocation += 24)
            {
                Elf.Require(!carriers.Contains(elf.UInt32(relocation + 12)), $"it uses {UnusedSymbol}, which needs {Version}");
            }
        }
    }

    private enum SectionType : uint
    {
        Relocations = 4,
        DynamicSymbols = 11,
        VersionNeed = 0x6ffffffe,
        SymbolVersions = 0x6fffffff,
    }

    private sealed class Section
    {
        public SectionType Type;
        public long Start;
        public long Size;
        public uint Link;
        public uint Info;

        public long End => Start + Size;

        /// <summary>Lets an offset pass if this many bytes from there are the section's.</summary>
        public long Within(long offset, long size)
        {
            Elf.Require(offset >= Start && size <= End - offset, "a record lies outside its section");
            return offset;
        }
    }

    /// <summary>The sections of a 64-bit little-endian library for x86-64; every read is checked.</summary>
    private sealed class Elf
    {
        private readonly byte[] _image;
        private readonly List<Section> _sections = new();

        public Elf(byte[] image)
        {
            _image = image;
            Require(image.Length >= 64 && UInt32(0) == 0x464c457f, "it is no ELF file");
            Require(image[4] == 2 && image[5] == 1, "it is no 64-bit little-endian file");
            Require(UInt16(16) == 3 && UInt16(18) == 62, "it is no shared library for x86-64");
            long headers = Offset(40);
            Require(UInt16(58) == 64, "its section headers have an unknown size");
            for (int index = 0; index < UInt16(60); index++)
            {
                long header = headers + (index * 64L);
                _sections.Add(new Section
                {
                    Type = (SectionType)UInt32(header + 4),
                    Start = Offset(header + 24),
                    Size = Offset(header + 32),
                    Link = UInt32(header + 40),
                    Info = UInt32(header + 44),
                });
            }
        }

        public Section? Find(SectionType type) => _sections.Find(section => section.Type == type) is { } section ? InFile(section) : null;

        public List<Section> FindAll(SectionType type) => _sections.FindAll(section => section.Type == type).ConvertAll(InFile);

        public Section Linked(Section section)
        {
            Require(section.Link < _sections.Count, "a section links to one that does not exist");
            return InFile(_sections[(int)section.Link]);
        }

        /// <summary>The offsets of 16-byte records, each of which says at <paramref name="nextAt"/> how far off the next is.</summary>
        public IEnumerable<long> Chain(Section section, long start, int nextAt)
        {
            for (uint next = 1; next != 0; start += next)
            {
                yield return section.Within(start, 16);
                next = UInt32(start + nextAt);
            }
        }

        public string Text(Section strings, long index)
        {
            long start = strings.Within(strings.Start + index, 1);
            int end = Array.IndexOf(_image, (byte)0, (int)start, (int)(strings.End - start));
            Require(end >= 0, "a name has no end");
            return Encoding.UTF8.GetString(_image, (int)start, end - (int)start);
        }

        public ushort UInt16(long offset) => BitConverter.ToUInt16(_image, Checked(offset, 2));

        public uint UInt32(long offset) => BitConverter.ToUInt32(_image, Checked(offset, 4));

        private long Offset(long offset)
        {
            long value = BitConverter.ToInt64(_image, Checked(offset, 8));
            Require(value >= 0, "an offset is larger than any file");
            return value;
        }

        private int Checked(long offset, int size)
        {
            Require(offset >= 0 && offset <= _image.Length - size, "it ends early");
            return (int)offset;
        }

        private Section InFile(Section section)
        {
            Require(section.Start <= _image.Length && section.Size <= _image.Length - section.Start, "a section lies outside the file");
            return section;
        }

        public static void Require(bool condition, string otherwise)
        {
            if (!condition)
            {
                throw new InvalidDataException(otherwise);
            }
        }
    }
}
