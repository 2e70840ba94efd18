using System.Runtime.CompilerServices;

namespace NetHook;

/// <summary>
/// Finds a layer of a Sequential by its name without a walk through all names. The index is made once per Sequential
/// and checked at each use, so that layers appended or renamed later are found too.
/// </summary>
internal static class LayerNames
{
    // Below this many names a walk through them is as fast as an index.
    private const int Few = 8;

    private static readonly ConditionalWeakTable<List<string>, Dictionary<string, int>> Indexes = [];

    /// <summary>The position of the first layer of that name, or -1.</summary>
    internal static int Find(List<string> names, string name)
    {
        if (names.Count <= Few)
            return names.IndexOf(name);
        if (Indexes.TryGetValue(names, out Dictionary<string, int>? index) && index.TryGetValue(name, out int position)
            && position < names.Count && names[position] == name)
        {
            return position;
        }

        int found = names.IndexOf(name);
        if (found >= 0)
            Indexes.AddOrUpdate(names, MakeIndex(names));
        return found;
    }

    private static Dictionary<string, int> MakeIndex(List<string> names)
    {
        var index = new Dictionary<string, int>(names.Count, StringComparer.Ordinal);
        for (int i = 0; i < names.Count; i++)
            index.TryAdd(names[i], i);
        return index;
    }
}
