using System.Globalization;

namespace NetHook;

/// <summary>Where an object is within the model: in which part of what.</summary>
/// <param name="Outer">The place of what holds it; null for what the model itself holds.</param>
/// <param name="Name">How it is written behind that: <c>.blocks</c>, <c>[3]</c>.</param>
/// <param name="Type">The type of what is there.</param>
internal sealed record CopyPlace(CopyPlace? Outer, string Name, Type Type)
{
    // Of a list of 100,000 nodes linked with each other, nobody reads each.
    private const int MostShown = 32, ShownAtEnd = 4;

    /// <summary>The way from the model to the place: <c>.blocks[3].log</c>. Of a long one, the beginning and the end.</summary>
    public static string Text(CopyPlace? place)
    {
        List<string> names = [];
        for (CopyPlace? level = place; level is not null; level = level.Outer)
        {
            if (level.Name.Length > 0)
                names.Add(level.Name);
        }

        names.Reverse();
        if (names.Count <= MostShown)
            return string.Concat(names);
        string left = (names.Count - MostShown).ToString("N0", CultureInfo.InvariantCulture);
        return $"{string.Concat(names.Take(MostShown - ShownAtEnd))} ... {left} more ... {string.Concat(names.TakeLast(ShownAtEnd))}";
    }
}
