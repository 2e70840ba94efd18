using System.Globalization;
using System.Text;

namespace NetHook.Interpretability;

/// <summary>What Unicode says about characters that are made of others, from the resource <c>Normalization.txt</c>.</summary>
/// <remarks>
/// .NET's own <see cref="string.Normalize()"/> does nothing where the program has no culture data (invariant
/// globalization, as small containers and this repository's tool have it), and does not say which character became which.
/// </remarks>
internal static class NormalizationData
{
    private static readonly Dictionary<int, int> Classes = [];
    private static readonly Dictionary<int, int[]> Parts = [];
    private static readonly Dictionary<(int First, int Second), int> Composed = [];

    static NormalizationData()
    {
        using Stream stream = typeof(NormalizationData).Assembly.GetManifestResourceStream("Normalization.txt")!;
        using var reader = new StreamReader(stream, Encoding.ASCII);
        while (reader.ReadLine() is string line)
        {
            if (line.StartsWith('#'))
                continue;
            int mark = line.AsSpan().IndexOfAny(":=>");
            string[] rest = line[(mark + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (line[mark] == ':')
                AddClass(int.Parse(line.AsSpan(0, mark), CultureInfo.InvariantCulture), rest);
            else
                AddParts(Code(line[..mark]), [.. rest.Select(Code)], composes: line[mark] == '=');
        }
    }

    /// <summary>The canonical combining class: 0 for a character that others combine with.</summary>
    public static int Class(int code) => Classes.GetValueOrDefault(code);

    /// <summary>The one or two characters that a character is made of, or null.</summary>
    public static int[]? PartsOf(int code) => Parts.GetValueOrDefault(code);

    /// <summary>The character that two make, or null.</summary>
    public static int? Compose(int first, int second) => Composed.TryGetValue((first, second), out int code) ? code : null;

    private static void AddClass(int number, string[] ranges)
    {
        foreach (string range in ranges)
        {
            int dash = range.IndexOf('-', StringComparison.Ordinal);
            int last = Code(range[(dash + 1)..]);
            for (int code = dash < 0 ? last : Code(range[..dash]); code <= last; code++)
                Classes.Add(code, number);
        }
    }

    private static void AddParts(int code, int[] parts, bool composes)
    {
        Parts.Add(code, parts);
        if (composes)
            Composed.Add((parts[0], parts[1]), code);
    }

    private static int Code(string hex) => int.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
