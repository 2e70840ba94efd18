using System.Globalization;

namespace NetHook;

/// <summary>
/// Adds hooks to and removes them from TorchSharp's tables while other threads run the model. A forward pass
/// enumerates the table that it finds, so tables are never changed: a changed copy takes their place. This also keeps
/// the order of registration, which <see cref="Dictionary{TKey,TValue}"/> loses when it reuses the place of a removed entry.
/// </summary>
internal static class HookTable
{
    private static readonly Lock Writers = new();
    private static long _keys;

    public static string NewKey() => "NetHook " + Interlocked.Increment(ref _keys).ToString(CultureInfo.InvariantCulture);

    public static void Add<T>(ref Dictionary<string, T> table, string key, T hook)
    {
        lock (Writers)
        {
            var changed = new Dictionary<string, T>(table.Count + 1);
            foreach (KeyValuePair<string, T> entry in table)
                changed.Add(entry.Key, entry.Value);
            changed.Add(key, hook);
            Volatile.Write(ref table, changed);
        }
    }

    public static void Remove<T>(ref Dictionary<string, T> table, string key)
    {
        lock (Writers)
        {
            if (!table.ContainsKey(key))
                return;
            var changed = new Dictionary<string, T>(table.Count - 1);
            foreach (KeyValuePair<string, T> entry in table)
            {
                if (entry.Key != key)
                    changed.Add(entry.Key, entry.Value);
            }

            Volatile.Write(ref table, changed);
        }
    }
}
