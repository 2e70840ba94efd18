using System.IO.MemoryMappedFiles;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook;

/// <summary>
/// Named tensors in a file, in Hugging Face's safetensors format: <see cref="Open"/> and read one by one,
/// <see cref="Load"/> all, or <see cref="Save"/>.
/// </summary>
/// <remarks>
/// An open file is memory-mapped: opening reads the header alone, and a tensor costs memory only where it is read to.
/// Nothing in a file is trusted; one that is damaged or made to harm ends in a <see cref="CheckpointException"/>.
/// Reading is safe from several threads at once. Do not change a file while it is open.
/// </remarks>
public sealed unsafe class SafetensorsFile : IDisposable
{
    // How much is converted or moved to another device at a time.
    private const long ChunkBytes = 1 << 24;

    private readonly FileStream _stream;
    private readonly MemoryMappedFile _map;
    private readonly SafetensorsHeader _header;

    private SafetensorsFile(string path)
    {
        FilePath = path;
        _stream = InputFile.Open(path);
        try
        {
            _header = SafetensorsHeader.Read(path, _stream);
            _map = MemoryMappedFile.CreateFromFile(_stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        }
        catch
        {
            _stream.Dispose();
            throw;
        }
    }

    /// <summary>The path given to <see cref="Open"/>.</summary>
    public string FilePath { get; }

    /// <summary>The tensors by key, in the order of the file's header.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries => _header.Entries;

    /// <summary>The file's own notes, such as <c>format</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Opens a file and reads its header. Dispose the result to close the file.</summary>
    /// <param name="path">The path of the file.</param>
    /// <returns>The open file.</returns>
    /// <exception cref="CheckpointException">The file is missing, cannot be read, or is not a sound safetensors file.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            return new SafetensorsFile(path);
        }
        catch (Exception e) when (e is (IOException or UnauthorizedAccessException) and not CheckpointException)
        {
            throw new CheckpointException(path, null, $"It cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Reads a whole file.</summary>
    /// <param name="path">The path of the file.</param>
    /// <returns>The tensors by key, in the order of the file's header; they are the caller's, as any new tensor.</returns>
    /// <exception cref="CheckpointException">The file is missing, cannot be read, or is not a sound safetensors file; or a
    /// tensor is of a type that TorchSharp lacks.</exception>
    public static Dictionary<string, Tensor> Load(string path)
    {
        using SafetensorsFile file = Open(path);
        foreach (string key in file.Entries.Keys)
            file.FindReadable(key);
        return file.Entries.Keys.ToDictionary(key => key, key => file.Read(key));
    }

    /// <summary>
    /// Writes tensors to a file, replacing what is there only once the new file is complete. The data is in the order
    /// given, types with larger elements first.
    /// </summary>
    /// <param name="path">The path of the file. Its folder must exist.</param>
    /// <param name="tensors">The tensors by key, on any device, of any strides; none is changed.</param>
    /// <param name="metadata">The file's own notes.</param>
    /// <exception cref="ArgumentException">The tensors or notes cannot be kept in a safetensors file, and nothing was written. A tensor
    /// is null, disposed, sparse, without data (on the meta device) or of a type that safetensors lacks; a name or note is not
    /// Unicode; a note is null; a key is <c>__metadata__</c>; or names and notes take more than the format's 100 MB.</exception>
    /// <exception cref="IOException">The file cannot be written. What was there before is as it was.</exception>
    public static void Save(string path, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        (List<SafetensorsEntry> entries, byte[] header) = Plan(path, tensors, metadata);
        AtomicFile.Write(path, stream => WriteAll(stream, tensors, entries, header));
    }

    /// <summary>As <see cref="Save"/>, if there is no such file yet.</summary>
    /// <returns>False if there is one.</returns>
    internal static bool TrySaveNew(string path, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        (List<SafetensorsEntry> entries, byte[] header) = Plan(path, tensors, metadata);
        return AtomicFile.TryWriteNew(path, stream => WriteAll(stream, tensors, entries, header));
    }

    /// <summary>Reads one tensor into new memory.</summary>
    /// <param name="key">The tensor's name.</param>
    /// <param name="dtype">The type to convert to; null keeps the file's.</param>
    /// <param name="device">Where to put it; null is the CPU.</param>
    /// <returns>The tensor, which is the caller's, as any new tensor.</returns>
    /// <exception cref="CheckpointException">The file has no such key, or the tensor is of a type that TorchSharp lacks.</exception>
    public Tensor Read(string key, ScalarType? dtype = null, Device? device = null)
    {
        SafetensorsEntry entry = FindReadable(key);
        Tensor result = empty(entry.Shape.AsSpan(), dtype ?? entry.Dtype, device ?? CPU);
        ReadInto(key, result);
        return result;
    }

    /// <summary>
    /// Reads one tensor into memory that is there already, such as a parameter, converting to its type. Autograd does not
    /// see it.
    /// </summary>
    /// <param name="key">The tensor's name.</param>
    /// <param name="destination">A tensor of the same shape, overwritten.</param>
    /// <exception cref="CheckpointException">The file has no such key, or the tensor there has another shape, or is of a type
    /// that TorchSharp lacks.</exception>
    public void ReadInto(string key, Tensor destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        SafetensorsEntry entry = FindReadable(key);
        if (!destination.shape.AsSpan().SequenceEqual(entry.Shape.AsSpan()))
            throw new CheckpointException(FilePath, key, $"Its shape is [{string.Join(", ", entry.Shape)}], expected [{string.Join(", ", destination.shape)}].");
        if (entry.Length == 0)
            return;

        // One view for each tensor, so that no more than one tensor's pages are mapped at a time.
        using MemoryMappedViewAccessor view = _map.CreateViewAccessor(entry.Offset, entry.Length, MemoryMappedFileAccess.Read);
        byte* pointer = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        try
        {
            Copy(pointer + view.PointerOffset, entry, destination);
        }
        finally
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
    }

    /// <summary>Closes the file. Tensors read from it stay valid.</summary>
    public void Dispose()
    {
        _map.Dispose();
        _stream.Dispose();
    }

    private static void Copy(byte* source, SafetensorsEntry entry, Tensor destination)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable _ = no_grad();

        // A byte of a boolean may be anything, and torch expects 0 or 1: converting settles that.
        ScalarType stored = entry.Dtype!.Value == ScalarType.Bool ? ScalarType.Byte : entry.Dtype.Value;
        bool direct = destination.dtype == stored && destination.device_type == DeviceType.CPU && destination.is_contiguous();
        int size = SafetensorsDtypes.SizeOf(stored);
        long count = entry.Length / size, chunk = Math.Min(count, ChunkBytes / size);
        Tensor? staging = direct ? null : empty(chunk, stored);
        Tensor flat = direct || destination.is_contiguous() ? destination.view(-1) : empty(count, destination.dtype, destination.device);
        for (long start = 0; start < count; start += chunk)
        {
            long length = Math.Min(chunk, count - start);
            using Tensor target = flat.narrow(0, start, length);
            using Tensor landing = (staging ?? flat).narrow(0, staging is null ? start : 0, length);
            new ReadOnlySpan<byte>(source + (start * size), (int)(length * size)).CopyTo(landing.bytes);
            if (staging is not null)
                target.copy_(landing);
        }

        if (!destination.is_contiguous())
            destination.copy_(flat.view(destination.shape));
    }

    /// <summary>Checks all before anything is written, so that what is written can be read.</summary>
    private static (List<SafetensorsEntry> Entries, byte[] Header) Plan(
        string path, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(tensors);
        SafetensorsContent.Check(tensors, metadata);
        List<SafetensorsEntry> entries = [];
        long offset = 0;
        foreach ((string key, Tensor tensor) in tensors.OrderByDescending(pair => SafetensorsDtypes.SizeOf(pair.Value.dtype)))
        {
            long length = tensor.numel() * SafetensorsDtypes.SizeOf(tensor.dtype);
            entries.Add(new SafetensorsEntry(key, tensor.dtype, [.. tensor.shape], offset, length));
            offset += length;
        }

        return (entries, SafetensorsHeader.Write(entries, metadata));
    }

    private static void WriteAll(Stream stream, IReadOnlyDictionary<string, Tensor> tensors, List<SafetensorsEntry> entries, byte[] header)
    {
        stream.Write(header);
        foreach (SafetensorsEntry entry in entries)
            WriteData(stream, tensors[entry.Key]);
    }

    private static void WriteData(Stream stream, Tensor tensor)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable _ = no_grad();
        Tensor flat = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous().view(-1);
        long count = flat.numel(), chunk = ChunkBytes / SafetensorsDtypes.SizeOf(tensor.dtype);
        for (long start = 0; start < count; start += chunk)
        {
            using Tensor part = flat.narrow(0, start, Math.Min(chunk, count - start));
            stream.Write(part.bytes);
        }
    }

    private SafetensorsEntry FindReadable(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (!Entries.TryGetValue(key, out SafetensorsEntry? entry))
            throw new CheckpointException(FilePath, key, $"The file has no such key among its {Entries.Count}.");
        return entry.Dtype is not null
            ? entry
            : throw new CheckpointException(FilePath, key, $"It is of type {entry.DtypeName}, which TorchSharp lacks, and cannot be read. The other tensors of the file can.");
    }
}
