using System.Buffers.Binary;
using System.Text;

namespace NetHook.Tests;

/// <summary>
/// Damages files as accidents and attackers do: single bytes, cuts and repetitions, and in JSON the numbers, texts, brackets
/// and members, so that most files stay well-formed enough to get past the first check. The same seed gives the same files.
/// </summary>
internal sealed class FileMutator(int seed)
{
    private static readonly string[] Numbers =
    [
        "0", "-1", "1", "-0", "1.5", "1e999", "-1e999", "1e-999", "64", "65", "255", "65536", "16777216", "2147483647", "2147483648",
        "4294967296", "4611686018427387904", "9223372036854775807", "9223372036854775808", "99999999999999999999", "1e3", "0.0",
    ];

    private static readonly string[] Texts =
    [
        "\"\"", "\"\\ud800\"", "\"\\udc00a\"", "\"\\u0000\"", "\"../x\"", "\"/dev/zero\"", "\".\"", "\"a/b\"", "\"\\n\"", "\"__metadata__\"", "\"F8_E4M3\"",
        "\"BOOL\"", "\"F64\"", "\"I64\"", "\"CombinedStatistic\"", "\"RunningTopK\"", "\"gpt2\"", "\"(a+)+$\"", "\"\\\\p{L}\"", "\"日本\"",
    ];

    private static readonly string[] Values = ["null", "true", "false", "[]", "{}", "[[]]", "{\"a\":1}", "[1,2]", ""];

    private readonly Random _random = new(seed);

    /// <summary>A damaged copy of a text file, which may be JSON.</summary>
    public byte[] Text(byte[] sound)
    {
        byte[] content = sound;
        for (int changes = _random.Next(1, 4); changes > 0; changes--)
            content = _random.Next(4) == 0 ? Bytes(content) : Tokens(content);
        return content;
    }

    /// <summary>A damaged copy of a safetensors file: mostly its header, whose length is corrected more often than not, or its data.</summary>
    public byte[] Safetensors(byte[] sound)
    {
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(sound);
        byte[] header = sound[8..(8 + length)], data = sound[(8 + length)..], prefix = sound[..8];
        switch (_random.Next(8))
        {
            case 0:
                return Bytes(sound);
            case 1 or 2 when data.Length >= 8:
                int at = _random.Next(data.Length / 8) * 8;
                BinaryPrimitives.WriteInt64LittleEndian(data.AsSpan(at), Word());
                break;
            default:
                header = Text(header);
                break;
        }

        if (_random.Next(16) > 0)
            BinaryPrimitives.WriteInt64LittleEndian(prefix, header.Length);
        return [.. prefix, .. header, .. data];
    }

    private long Word() => _random.Next(6) switch
    {
        0 => BitConverter.DoubleToInt64Bits(double.NaN),
        1 => BitConverter.DoubleToInt64Bits(double.PositiveInfinity),
        2 => BitConverter.DoubleToInt64Bits(-1.5),
        3 => long.MaxValue,
        4 => -99,
        _ => _random.Next(100),
    };

    private byte[] Bytes(byte[] content)
    {
        if (content.Length == 0)
            return [0xFF];
        int at = _random.Next(content.Length), length = Math.Min(_random.Next(1, 64), content.Length - at);
        switch (_random.Next(6))
        {
            case 0:
                return content[..at];
            case 1:
                return [.. content[..at], .. content[(at + length)..]];
            case 2:
                return [.. content[..at], .. Enumerable.Repeat(content[at..(at + length)], _random.Next(2, 50)).SelectMany(part => part), .. content[at..]];
            case 3:
                return [.. content[..at], (byte)_random.Next(256), .. content[at..]];
            default:
                byte[] copy = [.. content];
                copy[at] = _random.Next(3) == 0 ? (byte)(copy[at] ^ (1 << _random.Next(8))) : (byte)_random.Next(256);
                return copy;
        }
    }

    private byte[] Tokens(byte[] content)
    {
        List<string> tokens = Split(Encoding.UTF8.GetString(content));
        if (tokens.Count == 0)
            return Bytes(content);
        int at = _random.Next(tokens.Count), other = _random.Next(tokens.Count);
        string token = tokens[at];
        switch (_random.Next(9))
        {
            case 0:
                tokens.RemoveAt(at);
                break;
            case 1:
                tokens.Insert(at, tokens[other]);
                break;
            case 2:
                (tokens[at], tokens[other]) = (tokens[other], tokens[at]);
                break;
            case 3:
                int depth = _random.Next(4) == 0 ? 20_000 : _random.Next(1, 90);
                tokens[at] = $"{new string('[', depth)}{token}{new string(']', depth)}";
                break;
            case 4:
                int end = Math.Min(tokens.Count, at + _random.Next(1, 20));
                tokens.InsertRange(end, [",", .. tokens[at..end]]);
                break;
            case 5 when token.StartsWith('"'):
                tokens[at] = $"\"{new string('x', _random.Next(5) == 0 ? 20_000 : 300)}\"";
                break;
            default:
                tokens[at] = token[0] switch
                {
                    '"' => Pick(_random.Next(3) == 0 ? Numbers : Texts),
                    '-' or (>= '0' and <= '9') => Pick(_random.Next(4) == 0 ? Values : Numbers),
                    _ => Pick(Values),
                };
                break;
        }

        return Encoding.UTF8.GetBytes(string.Concat(tokens));
    }

    private string Pick(string[] among) => among[_random.Next(among.Length)];

    private static List<string> Split(string text)
    {
        List<string> tokens = [];
        for (int start = 0, end; start < text.Length; start = end)
        {
            end = start + 1;
            if (text[start] == '"')
            {
                while (end < text.Length && text[end] != '"')
                    end += text[end] == '\\' ? 2 : 1;
                end = Math.Min(end + 1, text.Length);
            }
            else if (char.IsLetterOrDigit(text[start]) || text[start] is '-')
            {
                while (end < text.Length && (char.IsLetterOrDigit(text[end]) || text[end] is '.' or '+' or '-' or '_'))
                    end++;
            }

            tokens.Add(text[start..end]);
        }

        return tokens;
    }
}
