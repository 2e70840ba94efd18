namespace NetHook;

/// <summary>The names that a user may have meant.</summary>
internal static class NearestNames
{
    // Work is bounded for models of any size: names beyond these are not looked at.
    private const int MostNames = 20_000;
    private const int Shown = 3;

    /// <summary>The nearest by edit distance, best first; none that has little in common with what was asked.</summary>
    internal static IReadOnlyList<string> To(string asked, IEnumerable<string> names)
    {
        int most = Math.Max(1, (asked.Length + 1) / 3);
        var nearest = new List<(string Name, int Distance)>();
        foreach (string name in names.Take(MostNames))
        {
            int distance = Distance(asked, name, most);
            if (distance > most)
                continue;

            int at = nearest.FindIndex(other => other.Distance > distance);
            nearest.Insert(at < 0 ? nearest.Count : at, (name, distance));
            if (nearest.Count > Shown)
            {
                nearest.RemoveAt(Shown);
                most = nearest[^1].Distance;
            }
        }

        return [.. nearest.Select(found => found.Name)];
    }

    /// <summary>A path given from the wrong starting point, or in the wrong case, is as near as one wrong character.</summary>
    private static int Distance(string asked, string name, int most) =>
        EndsWithPath(name, asked) || EndsWithPath(asked, name) || string.Equals(asked, name, StringComparison.OrdinalIgnoreCase)
            ? 1
            : EditDistance.Between(asked, name, most);

    private static bool EndsWithPath(string path, string end) =>
        path.Length > end.Length && path[path.Length - end.Length - 1] == '.' && path.EndsWith(end, StringComparison.Ordinal);
}
