using System.IO.Compression;
using System.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// The tensors of a file that <c>torch.save(model.state_dict(), file)</c> wrote: a zip archive since torch 1.6, a row of pickles
/// before.
/// </summary>
internal static class PickledFile
{
    // The largest models have some 200,000 keys; each takes some 200 bytes.
    private const long MostPickle = 64 << 20;

    private const long Spare = 16 << 20;

    private static readonly BigInteger LegacyMagic = BigInteger.Parse("119547037146038801333356", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Reads all tensors. They join the caller's dispose scope.</summary>
    /// <exception cref="CheckpointException">The file is damaged, or holds something else than tensors by name.</exception>
    public static Dictionary<string, Tensor> Load(string file)
    {
        try
        {
            using FileStream stream = File.OpenRead(file);
            Span<byte> start = stackalloc byte[4];
            bool isZip = stream.ReadAtLeast(start, 4, throwOnEndOfStream: false) == 4 && start.SequenceEqual("PK\x03\x04"u8);
            stream.Position = 0;
            return isZip ? LoadZip(file, stream) : LoadLegacy(file, stream);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw new CheckpointException(file, null, $"It is damaged: {e.Message}", e);
        }
    }

    private static Dictionary<string, Tensor> LoadZip(string file, FileStream stream)
    {
        using var archive = new ZipArchive(stream, ZipArchiveMode.Read);
        ZipArchiveEntry pickle = archive.Entries.FirstOrDefault(entry => entry.Name == "data.pkl") ?? throw new CheckpointException(file, null, "It is an archive without data.pkl, which torch.save writes.");
        string folder = pickle.FullName[..^"data.pkl".Length];
        if (archive.GetEntry(folder + "byteorder") is { Length: < 100 } order && System.Text.Encoding.ASCII.GetString(Bytes(file, order)) != "little")
            throw new CheckpointException(file, null, "Its numbers are not little-endian.");
        using var reader = new BinaryReader(new MemoryStream(Bytes(file, pickle)));
        return Tensors(file, new WeightsUnpickler(file, reader).Load(), storage =>
        {
            ZipArchiveEntry entry = archive.GetEntry($"{folder}data/{storage.Key}") ?? throw new CheckpointException(file, null, $"It lacks the storage '{storage.Key}'.");
            long length = storage.Count * storage.Dtype.ElementSize();
            if (entry.Length != length)
                throw new CheckpointException(file, null, $"Its storage '{storage.Key}' has {entry.Length} bytes, expected {length}.");
            using Stream numbers = entry.Open();
            return Fill(storage, numbers);
        });
    }

    private static byte[] Bytes(string file, ZipArchiveEntry entry)
    {
        if (entry.Length > MostPickle)
            throw new CheckpointException(file, null, $"Its {entry.Name} has {entry.Length} bytes, more than the {MostPickle} that are read.");
        byte[] bytes = new byte[entry.Length];
        using Stream stream = entry.Open();
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static Dictionary<string, Tensor> LoadLegacy(string file, FileStream stream)
    {
        using var reader = new BinaryReader(stream);
        if (Next() is not BigInteger magic || magic != LegacyMagic)
            throw new CheckpointException(file, null, "It is no file of torch.save.");
        Next();
        if (Next() is not Dictionary<object, object?> system || system.GetValueOrDefault("little_endian") is not true)
            throw new CheckpointException(file, null, "Its numbers are not little-endian.");
        object? tensors = Next();
        if (Next() is not List<object?> keys)
            throw new CheckpointException(file, null, "It does not list its storages.");
        Dictionary<string, (long At, long Count)> places = [];
        var storages = (tensors as Dictionary<object, object?> ?? []).Values.OfType<PickledTensor>().Select(tensor => tensor.Storage).DistinctBy(storage => storage.Key).ToDictionary(storage => storage.Key);
        foreach (string key in keys.OfType<string>())
        {
            long count = reader.ReadInt64();
            if (!storages.TryGetValue(key, out PickledStorage? storage) || storage.Count != count || storage.Count > (stream.Length - stream.Position) / storage.Dtype.ElementSize())
                throw new CheckpointException(file, null, $"Its storage '{key}' is not as long as its tensors say, or is of no tensor.");
            places[key] = (stream.Position, count);
            stream.Position += count * storage.Dtype.ElementSize();
        }

        return Tensors(file, tensors, storage =>
        {
            stream.Position = places.TryGetValue(storage.Key, out (long At, long Count) place) && place.Count == storage.Count ? place.At
                : throw new CheckpointException(file, null, $"It lacks the storage '{storage.Key}'.");
            return Fill(storage, stream);
        });

        object? Next() => new WeightsUnpickler(file, reader).Load();
    }

    private static Dictionary<string, Tensor> Tensors(string file, object? content, Func<PickledStorage, Tensor> read)
    {
        if (content is not Dictionary<object, object?> named)
            throw new CheckpointException(file, null, "It holds no dictionary of tensors. Save the weights alone: torch.save(model.state_dict(), file).");

        // A file may name one storage many times (a tied weight twice), or be compressed. More would take memory that no file of this size asks for.
        Int128 size = named.Values.OfType<PickledTensor>().Aggregate(Int128.Zero, (sum, tensor) => sum + tensor.Bytes);
        long most = (2 * new FileInfo(file).Length) + Spare;
        if (size > most)
            throw new CheckpointException(file, null, $"Its tensors would take {size} bytes, more than the {most} that a file of this size may take.");
        using DisposeScope scope = NewDisposeScope();
        Dictionary<(string, ScalarType), Tensor> storages = [];
        Dictionary<string, Tensor> tensors = [];
        foreach ((object name, object? value) in named)
        {
            string key = name as string ?? throw new CheckpointException(file, null, "One of its names is no text.");
            PickledTensor tensor = value as PickledTensor ?? throw new CheckpointException(file, key, "It is no tensor.");
            PickledStorage storage = tensor.Storage;
            if (!storages.TryGetValue((storage.Key, storage.Dtype), out Tensor? flat))
                storages.Add((storage.Key, storage.Dtype), flat = read(storage));
            tensors.Add(key, scope.MoveToOuter(tensor.Shape.Contains(0) ? empty(tensor.Shape, storage.Dtype) : flat.as_strided(tensor.Shape, tensor.Strides, tensor.Offset).contiguous()));
        }

        return tensors;
    }

    // Called once the file is seen to have it: a storage that is not there takes no memory.
    private static Tensor Fill(PickledStorage storage, Stream stream)
    {
        Tensor flat = empty([storage.Count], storage.Dtype);
        if (storage.Count > 0)
            flat.ReadBytesFromStream(stream, 1 << 20);
        return flat;
    }
}
