using System.Buffers.Binary;
using System.IO.Compression;
using System.Numerics;
using System.Text;

namespace NetHook.Interpretability.Tests;

/// <summary>Writes pickles instruction by instruction, in protocol 2 as torch.save does, and such as it never would.</summary>
internal sealed class PickleWriter
{
    private readonly MemoryStream _stream = new();

    public PickleWriter() => Code(0x80, 2);

    public byte[] End()
    {
        Code('.');
        return _stream.ToArray();
    }

    public PickleWriter Code(params int[] bytes)
    {
        foreach (int one in bytes)
            _stream.WriteByte((byte)one);
        return this;
    }

    public PickleWriter Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Code('X');
        Number(bytes.Length);
        _stream.Write(bytes);
        return this;
    }

    public PickleWriter Integer(long value)
    {
        if (value is >= int.MinValue and <= int.MaxValue)
        {
            Code('J');
            Number((int)value);
            return this;
        }

        byte[] bytes = new BigInteger(value).ToByteArray();
        Code(0x8A, bytes.Length);
        _stream.Write(bytes);
        return this;
    }

    public PickleWriter Bytes(params byte[] bytes)
    {
        Code(0x8A, bytes.Length);
        _stream.Write(bytes);
        return this;
    }

    public PickleWriter Global(string module, string name)
    {
        Code('c');
        _stream.Write(Encoding.ASCII.GetBytes($"{module}\n{name}\n"));
        return this;
    }

    /// <summary>A tensor, as torch.save of 1.x and 2.x names it; in legacy files with what the storage is a view of: nothing.</summary>
    public PickleWriter Tensor(string storage, string key, long count, long offset, long[] shape, long[] strides, bool isLegacy = false)
    {
        Global("torch._utils", "_rebuild_tensor_v2").Code('(');
        Code('(').Text("storage").Global("torch", storage).Text(key).Text("cpu").Integer(count);
        if (isLegacy)
            Code('N');
        Code('t', 'Q').Integer(offset);
        foreach (long[] sizes in new[] { shape, strides })
        {
            Code('(');
            foreach (long size in sizes)
                Integer(size);
            Code('t');
        }

        return Code(0x89).Global("collections", "OrderedDict").Code(')', 'R', 't', 'R');
    }

    /// <summary>A file as torch 1.6 and later write it.</summary>
    public static void Zip(string path, byte[] pickle, params (string Key, byte[] Bytes)[] storages)
    {
        using ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Create);
        foreach ((string name, byte[] bytes) in storages.Select(pair => ("archive/data/" + pair.Key, pair.Bytes)).Prepend(("archive/byteorder", "little"u8.ToArray())).Prepend(("archive/data.pkl", pickle)))
        {
            using Stream entry = archive.CreateEntry(name, CompressionLevel.NoCompression).Open();
            entry.Write(bytes);
        }
    }

    /// <summary>A file as torch before 1.6 wrote it.</summary>
    public static void Legacy(string path, byte[] pickle, params (string Key, int Size, byte[] Bytes)[] storages)
    {
        using FileStream file = File.Create(path);
        file.Write(new PickleWriter().Bytes(0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19).End());
        file.Write(new PickleWriter().Integer(1001).End());
        file.Write(new PickleWriter().Code('}', '(').Text("protocol_version").Integer(1001).Text("little_endian").Code(0x88).Code('u').End());
        file.Write(pickle);
        PickleWriter keys = new PickleWriter().Code(']', '(');
        foreach ((string key, _, _) in storages)
            keys.Text(key);
        file.Write(keys.Code('e').End());
        Span<byte> count = stackalloc byte[8];
        foreach ((_, int size, byte[] bytes) in storages)
        {
            BinaryPrimitives.WriteInt64LittleEndian(count, bytes.Length / size);
            file.Write(count);
            file.Write(bytes);
        }
    }

    private void Number(int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        _stream.Write(bytes);
    }
}
