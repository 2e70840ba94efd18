using System.Globalization;

namespace NetHook;

/// <summary>
/// A kind of statistic with the name that it has in texts, such as the options of a program. Settings follow the name behind colons:
/// <c>mean</c>, <c>quantiles:512</c>, <c>histogram:-2:2:8</c>. Immutable.
/// </summary>
public sealed class StatisticKind
{
    private readonly Func<double[], RunningStatistic> _make;
    private readonly (int Least, int Most) _settings;
    private readonly int? _whole;

    internal StatisticKind(
        Type type, string name, string form, string description, Func<double[], RunningStatistic> make, Func<StatisticReader, RunningStatistic> read,
        int leastSettings = 0, int mostSettings = 0, int? whole = null)
    {
        (Type, Name, Form, Description, _make, Read) = (type, name, form, description, make, read);
        (_settings, _whole) = ((leastSettings, mostSettings), whole);
    }

    /// <summary>All kinds.</summary>
    public static IReadOnlyList<StatisticKind> All { get; } =
    [
        // A new statistic is its file and one entry here.
        RunningMean.Kind,
        RunningVariance.Kind,
        RunningCovariance.Kind,
        RunningSecondMoment.Kind,
        RunningQuantiles.Kind,
        RunningHistogram.Kind,
        RunningTopK.Kind,
    ];

    /// <summary>The name, such as <c>top-k</c>.</summary>
    public string Name { get; }

    /// <summary>How it is written with its settings, such as <c>top-k[:K]</c>: those in brackets may be left out.</summary>
    public string Form { get; }

    /// <summary>What it says of each feature, in a few words.</summary>
    public string Description { get; }

    internal Type Type { get; }

    internal Func<StatisticReader, RunningStatistic> Read { get; }

    /// <summary>The kind of a statistic.</summary>
    /// <param name="statistic">The statistic.</param>
    /// <returns>Its kind; null for a <see cref="CombinedStatistic"/>.</returns>
    public static StatisticKind? Of(RunningStatistic statistic)
    {
        ArgumentNullException.ThrowIfNull(statistic);
        return All.FirstOrDefault(kind => kind.Type == statistic.GetType());
    }

    /// <summary>Makes a statistic.</summary>
    /// <param name="text">Its name, with its settings behind colons.</param>
    /// <returns>The statistic, which is the caller's to dispose.</returns>
    /// <exception cref="StatisticException">There is no such kind, or its settings cannot be these.</exception>
    public static RunningStatistic Make(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] parts = text.Split(':');
        StatisticKind kind = All.FirstOrDefault(each => each.Name == parts[0])
            ?? throw new StatisticException(text, $"There is no statistic '{parts[0]}'; there are {string.Join(", ", All.Select(each => each.Name))}.");
        double[] settings = [.. parts[1..].Select((part, i) => Number(text, part, whole: i == kind._whole))];
        if (settings.Length < kind._settings.Least || settings.Length > kind._settings.Most)
            throw new StatisticException(text, $"'{text}' is not {kind.Form}.");
        try
        {
            return kind._make(settings);
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new StatisticException(text, $"'{text}' cannot be: {e.Message.Replace($" (Parameter '{e.ParamName}')", "", StringComparison.Ordinal).ReplaceLineEndings(" ")}", e);
        }
    }

    /// <summary>Makes several statistics of the same activations.</summary>
    /// <param name="texts">The statistics, at least one, each of another kind.</param>
    /// <returns>The statistic if it is one, and else a <see cref="CombinedStatistic"/> with each under its kind's name. The caller's to dispose.</returns>
    /// <exception cref="StatisticException">As with <see cref="Make(string)"/>; or a kind comes twice.</exception>
    public static RunningStatistic Make(IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        if (texts.CountBy(NameIn).FirstOrDefault(pair => pair.Value > 1) is { Key: { } twice })
            throw new StatisticException(twice, $"The statistic {twice} is asked for twice.");
        if (texts.Count == 1)
            return Make(texts[0]);
        var parts = new OrderedDictionary<string, RunningStatistic>();
        try
        {
            foreach (string text in texts)
                parts.Add(NameIn(text), Make(text));
            return new CombinedStatistic(parts);
        }
        catch
        {
            foreach (RunningStatistic made in parts.Values)
                made.Dispose();
            throw;
        }
    }

    /// <summary>The form.</summary>
    /// <returns><see cref="Form"/>.</returns>
    public override string ToString() => Form;

    private static string NameIn(string text) => text.Split(':')[0];

    private static double Number(string text, string part, bool whole) =>
        double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && (!whole || number == (int)number)
            ? number
            : throw new StatisticException(text, $"'{part}' in '{text}' is no {(whole ? "whole " : "")}number.");
}
