using System.Buffers.Binary;
using System.Text;

namespace NetHook.Build.Tests;

/// <summary>A small shared library for x86-64: a header, and the sections that say which symbol versions it needs.</summary>
internal sealed record ElfImage
{
    public const int SectionHeader = 64;
    public const ushort VersionIndex = 7;

    /// <summary>The libraries needed, each with a version and that entry's flags; entry i has the version index 7 + i.</summary>
    public (string Library, string Version, ushort Flags)[] Needs { get; init; } =
        [("libc.so.6", "GLIBC_2.2.5", 0), ("libstdc++.so.6", "GLIBCXX_3.4.32", 0), ("libstdc++.so.6", "GLIBCXX_3.4", 0)];

    /// <summary>The dynamic symbols, each with its version's index.</summary>
    public (string Name, ushort Version)[] Symbols { get; init; } =
        [("", 0), ("malloc", VersionIndex), ("_ZSt21ios_base_library_initv", VersionIndex + 1), ("_ZNSo5flushEv", VersionIndex + 2)];

    /// <summary>The symbols that relocations refer to.</summary>
    public uint[] Relocations { get; init; } = [1, 3];

    /// <summary>Types of sections to leave out.</summary>
    public uint[] Without { get; init; } = [];

    public byte[] ToBytes()
    {
        var names = new MemoryStream();
        names.WriteByte(0);
        uint Name(string text)
        {
            uint at = (uint)names.Position;
            names.Write(Encoding.ASCII.GetBytes(text + '\0'));
            return at;
        }

        byte[] symbols = Records(Symbols, 24, (record, symbol, _) => UInt32(record, 0, Name(symbol.Name)));
        byte[] versions = Records(Symbols, 2, (record, symbol, _) => UInt16(record, 0, symbol.Version));
        byte[] relocations = Records(Relocations, 24, (record, symbol, _) => UInt32(record, 12, symbol));
        byte[] needs = Records(Needs, 32, (record, need, index) =>
        {
            UInt16(record, 0, 1);
            UInt16(record, 2, 1);
            UInt32(record, 4, Name(need.Library));
            UInt32(record, 8, 16);
            UInt32(record, 12, index == Needs.Length - 1 ? 0u : 32u);
            UInt16(record, 20, need.Flags);
            UInt16(record, 22, (ushort)(VersionIndex + index));
            UInt32(record, 24, Name(need.Version));
        });

        (uint Type, byte[] Content)[] sections =
        [
            (0, []), (3, names.ToArray()), (11, symbols), (0x6fffffff, versions), (0x6ffffffe, needs), (4, relocations),
        ];
        return Lay([.. sections.Where(section => !Without.Contains(section.Type))]);
    }

    private static byte[] Lay((uint Type, byte[] Content)[] sections)
    {
        byte[] image = new byte[64 + (sections.Length * SectionHeader) + sections.Sum(section => section.Content.Length)];
        byte[] start = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        start.CopyTo(image, 0);
        UInt16(image, 16, 3);
        UInt16(image, 18, 62);
        UInt64(image, 40, 64);
        UInt16(image, 58, SectionHeader);
        UInt16(image, 60, (ushort)sections.Length);
        int content = 64 + (sections.Length * SectionHeader);
        for (int index = 0; index < sections.Length; index++)
        {
            Span<byte> header = image.AsSpan(64 + (index * SectionHeader), SectionHeader);
            UInt32(header, 4, sections[index].Type);
            UInt64(header, 24, (ulong)content);
            UInt64(header, 32, (ulong)sections[index].Content.Length);
            UInt32(header, 40, 1);
            sections[index].Content.CopyTo(image, content);
            content += sections[index].Content.Length;
        }

        return image;
    }

    private delegate void Fill<T>(Span<byte> record, T item, int index);

    private static byte[] Records<T>(T[] items, int size, Fill<T> fill)
    {
        byte[] bytes = new byte[items.Length * size];
        for (int index = 0; index < items.Length; index++)
        {
            fill(bytes.AsSpan(index * size, size), items[index], index);
        }

        return bytes;
    }

    private static void UInt16(Span<byte> bytes, int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(bytes[at..], value);

    private static void UInt32(Span<byte> bytes, int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes[at..], value);

    private static void UInt64(Span<byte> bytes, int at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(bytes[at..], value);
}
