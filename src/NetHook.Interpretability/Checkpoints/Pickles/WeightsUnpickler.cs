using System.Numerics;
using System.Text;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// Reads the pickles of torch.save, as <c>torch.load(weights_only=True)</c> does: texts, numbers, lists, dictionaries and tensors,
/// and nothing else. A pickle is a program; here it can name no function but those that put a tensor together, and these are not
/// called, only noted down.
/// </summary>
/// <param name="file">The path, for errors.</param>
/// <param name="reader">A reader at the pickle's first byte.</param>
internal sealed class WeightsUnpickler(string file, BinaryReader reader)
{
    private static readonly object Mark = new();

    private static readonly Dictionary<string, ScalarType> Storages = new()
    {
        ["DoubleStorage"] = ScalarType.Float64,
        ["FloatStorage"] = ScalarType.Float32,
        ["HalfStorage"] = ScalarType.Float16,
        ["BFloat16Storage"] = ScalarType.BFloat16,
        ["LongStorage"] = ScalarType.Int64,
        ["IntStorage"] = ScalarType.Int32,
        ["ShortStorage"] = ScalarType.Int16,
        ["CharStorage"] = ScalarType.Int8,
        ["ByteStorage"] = ScalarType.Byte,
        ["BoolStorage"] = ScalarType.Bool,
    };

    private readonly Stack<object?> _stack = [];
    private readonly Dictionary<long, object?> _memo = [];

    private sealed record Global(string Module, string Name);

    /// <summary>Reads one pickle, to its end.</summary>
    /// <exception cref="CheckpointException">It is damaged, or holds something else.</exception>
    public object? Load()
    {
        try
        {
            while (true)
            {
                byte code = reader.ReadByte();
                if (code == '.')
                    return Pop();
                Run(code);
            }
        }
        catch (Exception e) when (e is EndOfStreamException or InvalidCastException or DecoderFallbackException or ArgumentException or OverflowException or IndexOutOfRangeException)
        {
            throw new CheckpointException(file, null, "Its pickle is damaged.", e);
        }
    }

    private void Run(byte code)
    {
        switch (code)
        {
            case 0x80: reader.ReadByte(); break;
            case 0x95: reader.ReadInt64(); break;
            case (byte)'(': _stack.Push(Mark); break;
            case (byte)'0': Pop(); break;
            case (byte)'N': _stack.Push(null); break;
            case 0x88: _stack.Push(true); break;
            case 0x89: _stack.Push(false); break;
            case (byte)'J': _stack.Push((long)reader.ReadInt32()); break;
            case (byte)'K': _stack.Push((long)reader.ReadByte()); break;
            case (byte)'M': _stack.Push((long)reader.ReadUInt16()); break;
            case 0x8A: PushInteger(reader.ReadByte()); break;
            case (byte)'G': _stack.Push(BitConverter.UInt64BitsToDouble(System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(Bytes(8)))); break;
            case (byte)'X': _stack.Push(Text(reader.ReadUInt32())); break;
            case 0x8C: _stack.Push(Text(reader.ReadByte())); break;
            case (byte)'}': _stack.Push(new Dictionary<object, object?>()); break;
            case (byte)']': _stack.Push(new List<object?>()); break;
            case (byte)')': _stack.Push(Array.Empty<object?>()); break;
            case (byte)'t': _stack.Push(ToMark()); break;
            case 0x85: _stack.Push(Last(1)); break;
            case 0x86: _stack.Push(Last(2)); break;
            case 0x87: _stack.Push(Last(3)); break;
            case (byte)'q': _memo[reader.ReadByte()] = Peek(); break;
            case (byte)'r': _memo[reader.ReadUInt32()] = Peek(); break;
            case 0x94: _memo[_memo.Count] = Peek(); break;
            case (byte)'h': _stack.Push(Remembered(reader.ReadByte())); break;
            case (byte)'j': _stack.Push(Remembered(reader.ReadUInt32())); break;
            case (byte)'a': Append([Pop()]); break;
            case (byte)'e': Append(ToMark()); break;
            case (byte)'s': SetItems(Last(2)); break;
            case (byte)'u': SetItems(ToMark()); break;
            case (byte)'c': _stack.Push(Named(Line(), Line())); break;
            case 0x93: (string name, string module) = ((string)Pop()!, (string)Pop()!); _stack.Push(Named(module, name)); break;
            case (byte)'R': object?[] arguments = (object?[])Pop()!; _stack.Push(Call((Global)Pop()!, arguments)); break;
            case (byte)'b': Pop(); _ = (Dictionary<object, object?>)Peek()!; break; // Attributes of a dictionary: versions of modules.
            case (byte)'Q': _stack.Push(Storage((object?[])Pop()!)); break;
            default: throw new CheckpointException(file, null, $"Its pickle has the instruction 0x{code:X2}, which files of weights do not need.");
        }
    }

    private Global Named(string module, string name) => (module, name) switch
    {
        ("collections", "OrderedDict") or ("torch._utils", "_rebuild_tensor" or "_rebuild_tensor_v2" or "_rebuild_parameter") => new(module, name),
        ("torch", _) when Storages.ContainsKey(name) => new(module, name),
        _ => throw new CheckpointException(file, null, $"Its pickle names {MessageText.Short($"{module}.{name}", 100)}, which is no part of a tensor. Nothing of it was run. Save the weights alone: torch.save(model.state_dict(), file)."),
    };

    private object? Call(Global function, object?[] arguments) => function.Name switch
    {
        "OrderedDict" => Pairs(arguments.Length == 0 ? [] : (IEnumerable<object?>)arguments[0]!),
        "_rebuild_parameter" => (PickledTensor)arguments[0]!,
        _ => Tensor(arguments),
    };

    // Python 2 gives the items at once, each a list of two; otherwise there are none yet.
    private static Dictionary<object, object?> Pairs(IEnumerable<object?> pairs)
    {
        Dictionary<object, object?> result = [];
        foreach (object? pair in pairs)
        {
            object?[] both = [.. (IEnumerable<object?>)pair!];
            result[both[0] ?? throw new InvalidCastException()] = both[1];
        }

        return result;
    }

    private PickledTensor Tensor(object?[] arguments)
    {
        var tensor = new PickledTensor((PickledStorage)arguments[0]!, (long)arguments[1]!, Sizes(arguments[2]), Sizes(arguments[3]));
        return tensor.Fits ? tensor
            : throw new CheckpointException(file, null, $"A tensor of shape [{string.Join(", ", tensor.Shape.Take(8))}] does not fit in its storage '{tensor.Storage.Key}' of {tensor.Storage.Count} numbers.");

        static long[] Sizes(object? tuple) => [.. ((object?[])tuple!).Select(size => (long)size!)];
    }

    // ('storage', torch.FloatStorage, key, place, count), and in older files what it is a view of.
    private PickledStorage Storage(object?[] id)
    {
        if (id.Length < 5 || (string)id[0]! != "storage" || (id.Length > 5 && id[5] is not null))
            throw new CheckpointException(file, null, "Its pickle refers to something else than a storage.");
        return new((string)id[2]!, Storages[((Global)id[1]!).Name], (long)id[4]!);
    }

    private void Append(object?[] items) => ((List<object?>)Peek()!).AddRange(items);

    private void SetItems(object?[] items)
    {
        var target = (Dictionary<object, object?>)Peek()!;
        for (int i = 0; i < items.Length; i += 2)
            target[items[i] ?? throw new InvalidCastException()] = items[i + 1];
    }

    private object?[] ToMark()
    {
        List<object?> items = [];
        for (object? item = Pop(); item != Mark; item = Pop())
            items.Add(item);
        items.Reverse();
        return [.. items];
    }

    private object?[] Last(int count)
    {
        object?[] items = new object?[count];
        while (count > 0)
            items[--count] = Pop();
        return items;
    }

    private object? Pop() => _stack.TryPop(out object? top) ? top : throw new EndOfStreamException();

    private object? Peek() => _stack.TryPeek(out object? top) ? top : throw new EndOfStreamException();

    private object? Remembered(long number) => _memo.TryGetValue(number, out object? value) ? value : throw new EndOfStreamException();

    // Only the number that older files begin with is longer than a long.
    private void PushInteger(int length)
    {
        var value = new BigInteger(Bytes(length));
        if (value >= long.MinValue && value <= long.MaxValue)
            _stack.Push((long)value);
        else
            _stack.Push(value);
    }

    private string Text(long length) => new UTF8Encoding(false, true).GetString(Bytes(length));

    private string Line()
    {
        StringBuilder text = new();
        for (byte next = reader.ReadByte(); next != '\n'; next = reader.ReadByte())
            text.Append((char)next);
        return text.ToString();
    }

    private byte[] Bytes(long length) => length <= reader.BaseStream.Length - reader.BaseStream.Position ? reader.ReadBytes((int)length) : throw new EndOfStreamException();
}
