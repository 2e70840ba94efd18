using System.Globalization;
using System.Numerics;

namespace NetHook.Interpretability;

/// <summary>
/// A part of a text or of a list of facts, divided for several machines: every <paramref name="Count"/>th of the facts, or of the pieces that the text
/// is cut into, from number <paramref name="Number"/> on.
/// </summary>
/// <param name="Number">Which part, from 1.</param>
/// <param name="Count">How many parts there are.</param>
public sealed record Shard(int Number, int Count)
{
    /// <summary>The most parts that a text may be divided into.</summary>
    public const int MostParts = 1_000_000;

    /// <summary>The whole text.</summary>
    public static Shard Whole { get; } = new(1, 1);

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    /// <param name="text">A text such as <c>3/8</c>.</param>
    /// <returns>The part; null if the text is something else, or there is no such part.</returns>
    public static Shard? TryParse(string text) =>
        (text ?? throw new ArgumentNullException(nameof(text))).Split('/') is [var i, var n] && TryInteger(i) is { } number && TryInteger(n) is { } count && number >= 1 && number <= count && count <= MostParts
            ? new(number, count)
            : null;

    /// <exception cref="ArgumentOutOfRangeException">There is no such part.</exception>
    internal void Check(string parameter)
    {
        if (Count < 1 || Count > MostParts || Number < 1 || Number > Count)
            throw new ArgumentOutOfRangeException(parameter, this, $"A shard is part i of n, i from 1 to n, and n at most {MostParts}.");
    }

    /// <summary>Whether a piece of the work is of this part.</summary>
    internal bool Holds(long piece) => piece % Count == Number - 1;

    /// <summary>Whether a piece of the work, were it long enough, is of both parts; they may be of different divisions.</summary>
    internal bool Overlaps(Shard other) => (Number - other.Number) % (int)BigInteger.GreatestCommonDivisor(Count, other.Count) == 0;

    /// <summary>The least division that all of the parts' fit into; null if it is of more than <see cref="MostParts"/>.</summary>
    internal static int? CommonCount(IEnumerable<Shard> parts)
    {
        long count = 1;
        foreach (Shard part in parts)
        {
            // Nearly all parts are of the same division as those before.
            if (count % part.Count == 0)
                continue;
            count = count / (long)BigInteger.GreatestCommonDivisor(count, part.Count) * part.Count;
            if (count > MostParts)
                return null;
        }

        return (int)count;
    }

    /// <summary>What is in none of the parts, in a division that all of theirs fit into.</summary>
    internal static IEnumerable<Shard> Missing(IReadOnlyCollection<Shard> parts)
    {
        int count = CommonCount(parts) ?? throw new ArgumentOutOfRangeException(nameof(parts));
        bool[] held = new bool[count];
        foreach (Shard part in parts)
        {
            for (int piece = part.Number - 1; piece < count; piece += part.Count)
                held[piece] = true;
        }

        return Enumerable.Range(0, count).Where(piece => !held[piece]).Select(piece => new Shard(piece + 1, count));
    }

    /// <summary>The part as text.</summary>
    /// <returns>Such as <c>3/8</c>.</returns>
    public override string ToString() => $"{Number}/{Count}";

    private static int? TryInteger(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
