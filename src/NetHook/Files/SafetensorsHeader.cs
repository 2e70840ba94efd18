using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace NetHook;

/// <summary>
/// The header of a safetensors file: its length in 8 bytes, little-endian, then JSON. Reading it trusts nothing, and
/// allocates no more than the header is long.
/// </summary>
internal sealed class SafetensorsHeader
{
    /// <summary>The longest header in bytes: the limit of the reference implementation.</summary>
    public const long Longest = 100_000_000;

    /// <summary>The most dimensions of a tensor, which is what torch's own loops take.</summary>
    public const int MostDimensions = 64;

    private const int LongestShown = 60;

    private readonly string _file;
    private readonly Dictionary<string, string> _metadata = [];
    private readonly Dictionary<string, SafetensorsEntry> _entries = [];
    private bool _hasMetadata;

    private SafetensorsHeader(string file) => _file = file;

    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    public IReadOnlyDictionary<string, SafetensorsEntry> Entries => _entries;

    public static SafetensorsHeader Read(string file, Stream stream)
    {
        Span<byte> prefix = stackalloc byte[8];
        if (stream.Length < prefix.Length)
            throw new CheckpointException(file, null, $"It is {stream.Length} bytes long, too short for a safetensors file.");
        stream.ReadExactly(prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        ulong room = (ulong)(stream.Length - prefix.Length);
        if (length > room)
            throw new CheckpointException(file, null, $"Its header claims {length} bytes where the file has {room}: it is truncated, or no safetensors file.");
        if (length > Longest)
            throw new CheckpointException(file, null, $"Its header claims {length} bytes, more than the {Longest} that safetensors allows.");

        byte[] json = new byte[length];
        stream.ReadExactly(json);
        var header = new SafetensorsHeader(file);
        try
        {
            header.Parse(json, dataStart: prefix.Length + (long)length, dataLength: (long)(room - length));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Utf8JsonReader throws the latter for text that is not valid UTF-8.
            throw new CheckpointException(file, null, $"Its header is not valid JSON: {e.Message}", e);
        }

        return header;
    }

    public static byte[] Write(IEnumerable<SafetensorsEntry> entries, IReadOnlyDictionary<string, string>? metadata)
    {
        using var json = new MemoryStream();
        json.Write(stackalloc byte[8]);
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            if (metadata?.Count > 0)
            {
                writer.WriteStartObject("__metadata__");
                foreach ((string name, string value) in metadata)
                    writer.WriteString(name, value);
                writer.WriteEndObject();
            }

            foreach (SafetensorsEntry entry in entries)
            {
                writer.WriteStartObject(entry.Key);
                writer.WriteString("dtype", entry.DtypeName);
                WriteNumbers(writer, "shape", entry.Shape.AsSpan());
                WriteNumbers(writer, "data_offsets", [entry.Offset, entry.Offset + entry.Length]);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        // Data starts at a multiple of 8, so that readers may use it in place.
        while (json.Length % 8 != 0)
            json.WriteByte((byte)' ');
        SafetensorsContent.CheckHeaderLength(json.Length - 8);
        byte[] header = json.ToArray();
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)header.Length - 8);
        return header;

        static void WriteNumbers(Utf8JsonWriter writer, string name, ReadOnlySpan<long> numbers)
        {
            writer.WriteStartArray(name);
            foreach (long number in numbers)
                writer.WriteNumberValue(number);
            writer.WriteEndArray();
        }
    }

    private void Parse(byte[] json, long dataStart, long dataLength)
    {
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            throw Bad(null, "Its header is not a JSON object.");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            if (key == "__metadata__")
            {
                ParseMetadata(ref reader);
            }
            else
            {
                SafetensorsEntry entry = ParseEntry(key, ref reader, dataStart, dataLength);
                if (!_entries.TryAdd(key, entry))
                    throw Bad(key, "It is in the header twice.");
            }
        }

        // Read to the end: what follows the object must be nothing but spaces.
        while (reader.Read())
        {
        }

        CheckLayout(dataStart, dataLength);
    }

    private void ParseMetadata(ref Utf8JsonReader reader)
    {
        // Other programs write null for no notes.
        if (reader.TokenType == JsonTokenType.Null && !_hasMetadata)
        {
            _hasMetadata = true;
            return;
        }

        if (reader.TokenType != JsonTokenType.StartObject || _hasMetadata)
            throw Bad("__metadata__", "It is not one JSON object.");
        _hasMetadata = true;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String || !_metadata.TryAdd(name, reader.GetString()!))
                throw Bad("__metadata__", $"Its entry '{MessageText.Short(name, LongestShown)}' is not one string.");
        }
    }

    private SafetensorsEntry ParseEntry(string key, ref Utf8JsonReader reader, long dataStart, long dataLength)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Bad(key, "Its description is not a JSON object.");
        string? dtypeName = null;
        List<long>? shape = null, offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            switch (name)
            {
                case "dtype" when reader.TokenType == JsonTokenType.String && dtypeName is null:
                    dtypeName = reader.GetString();
                    break;
                case "shape" when shape is null:
                    shape = ParseNumbers(key, name, ref reader);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ParseNumbers(key, name, ref reader);
                    break;
                default:
                    throw Bad(key, $"Its description has an unknown, repeated or mistyped property '{MessageText.Short(name, LongestShown)}'.");
            }
        }

        if (dtypeName is null || shape is null || offsets is not [long begin, long end])
            throw Bad(key, "Its description lacks one of dtype, shape and data_offsets (two numbers).");
        if (SafetensorsDtypes.BitsOf(dtypeName) is not { } bits)
            throw Bad(key, $"Its dtype {MessageText.Short(dtypeName, LongestShown)} is not one of the format ({string.Join(", ", SafetensorsDtypes.Names)}).");
        if (begin > end || end > dataLength)
            throw Bad(key, $"Its data is said to be at {begin} to {end}, but the file has {dataLength} bytes of data: it is truncated or damaged.");
        if (ByteCount(bits, shape) != end - begin)
            throw Bad(key, $"Its shape [{string.Join(", ", shape)}] of {dtypeName} does not take the {end - begin} bytes it is given.");
        return new SafetensorsEntry(key, SafetensorsDtypes.Find(dtypeName), [.. shape], dataStart + begin, end - begin) { DtypeName = dtypeName };
    }

    private List<long> ParseNumbers(string key, string name, ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Bad(key, $"Its {name} is not an array.");
        List<long> numbers = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long number) || number < 0)
                throw Bad(key, $"Its {name} holds something else than whole numbers from 0 to {long.MaxValue}.");
            if (numbers.Count == MostDimensions)
                throw Bad(key, $"Its {name} holds more than {MostDimensions} numbers.");
            numbers.Add(number);
        }

        return numbers;
    }

    /// <summary>The bytes a tensor takes, or null if they are not whole or more than a number of 64 bits.</summary>
    private static long? ByteCount(int bits, List<long> shape)
    {
        Int128 count = 1;
        foreach (long size in shape)
        {
            // A size of 0 makes the tensor empty, and its strides are as if it were 1: they must fit too.
            count *= Math.Max(size, 1);
            if (count > long.MaxValue)
                return null;
        }

        count *= bits;
        if (count % 8 != 0 || count / 8 > long.MaxValue)
            return null;
        return shape.Contains(0) ? 0 : (long)(count / 8);
    }

    /// <summary>As the reference implementation asks: each byte of data belongs to exactly one tensor.</summary>
    private void CheckLayout(long dataStart, long dataLength)
    {
        long expected = dataStart;
        string? before = null;
        foreach (SafetensorsEntry entry in _entries.Values.OrderBy(e => e.Offset).ThenBy(e => e.Length))
        {
            if (entry.Offset < expected)
                throw Bad(entry.Key, $"Its data overlaps that of '{before}'.");
            if (entry.Offset > expected)
                throw Bad(entry.Key, $"Before its data, {entry.Offset - expected} bytes belong to no tensor.");
            expected += entry.Length;
            before = entry.Key;
        }

        if (expected != dataStart + dataLength)
            throw Bad(null, $"Its last {dataStart + dataLength - expected} bytes belong to no tensor.");
    }

    private CheckpointException Bad(string? key, string problem) => new(_file, key, problem);
}
