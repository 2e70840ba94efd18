namespace NetHook;

/// <summary>What statistics must be to be owned, and fed, together.</summary>
internal static class NewStatistics
{
    /// <exception cref="ArgumentException">One is null, has samples already, or comes twice.</exception>
    public static void Check(IEnumerable<KeyValuePair<string, RunningStatistic>> statistics, string parameter)
    {
        var names = new Dictionary<RunningStatistic, string>(ReferenceEqualityComparer.Instance);
        foreach ((string name, RunningStatistic statistic) in statistics)
        {
            if (statistic is null)
                throw new ArgumentException($"The statistic of '{name}' is null. Make a new one.", parameter);
            if (statistic.Features is not null)
                throw new ArgumentException($"The statistic of '{name}' has samples already. Make a new one, and merge into it what there is.", parameter);
            if (!names.TryAdd(statistic, name))
                throw new ArgumentException($"The statistics of '{names[statistic]}' and '{name}' are one object, which would count everything twice. Make two.", parameter);
        }
    }
}
