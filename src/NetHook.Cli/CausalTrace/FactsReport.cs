using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary>Averages over facts. The property names are those of the JSON of <c>nethook causal-trace --facts</c>.</summary>
/// <param name="Parts">The parts of the facts.</param>
/// <param name="Missing">The parts that are missing.</param>
/// <param name="Facts">How many facts these are.</param>
/// <param name="Known">How many of them the model knows: these are averaged.</param>
/// <param name="CleanProbability">The probability of the answer as it is.</param>
/// <param name="CorruptedProbability">The same with the subject corrupted.</param>
/// <param name="TotalEffect">The difference of the two.</param>
/// <param name="Noise">The noise, in standard deviations of the embeddings.</param>
/// <param name="Samples">How many corrupted runs of each fact were averaged.</param>
/// <param name="Seed">The seed of the noise.</param>
/// <param name="Sever">Which modules were severed, or null.</param>
/// <param name="Averages">The average indirect effects, for each kind of states.</param>
/// <param name="Traces">The file of the traces, or null.</param>
/// <param name="Saved">The file that the averages were saved to, or null.</param>
internal sealed record FactsReport(
    IReadOnlyList<string> Parts,
    IReadOnlyList<string> Missing,
    int Facts,
    int Known,
    FactsMean CleanProbability,
    FactsMean CorruptedProbability,
    FactsMean TotalEffect,
    double Noise,
    int Samples,
    long Seed,
    string? Sever,
    IReadOnlyList<FactsAverage> Averages,
    string? Traces,
    string? Saved)
{
    public static FactsReport Of(CausalTraceFile file, string? traces, string? saved) => new(
        [.. file.Parts.Select(part => $"{part}")],
        [.. file.Missing.Select(part => $"{part}")],
        file.Facts.Count,
        file.Known,
        FactsMean.Of(file.CleanProbability),
        FactsMean.Of(file.CorruptedProbability),
        FactsMean.Of(file.TotalEffect),
        file.Noise,
        file.Samples,
        file.Seed,
        file.Sever is { } sever ? KindOption.NameOf(sever) : null,
        [.. file.Averages.Select(Average)],
        traces,
        saved);

    /// <summary>"first-subject", as CSV and JSON name roles.</summary>
    public static string NameOf(TokenRole role) => role switch
    {
        TokenRole.FirstSubject => "first-subject",
        TokenRole.MiddleSubject => "middle-subject",
        TokenRole.LastSubject => "last-subject",
        TokenRole.FirstSubsequent => "first-subsequent",
        TokenRole.Further => "further",
        _ => "last",
    };

    private static FactsAverage Average(CausalTraceAverage average) => new(
        KindOption.NameOf(average.Kind),
        average.Window,
        [.. Enum.GetValues<TokenRole>().Select(role => new FactsRole(
            NameOf(role),
            average[role, 0].Count,
            [.. Enumerable.Range(0, average.Layers).Select(layer => FactsMean.Number(average[role, layer].Mean))],
            [.. Enumerable.Range(0, average.Layers).Select(layer => FactsMean.Number(average[role, layer].Interval))]))]);
}

/// <summary>A mean over facts, and half the width of its 95 % confidence interval; null of too few facts.</summary>
internal sealed record FactsMean(double? Mean, double? Interval)
{
    public static FactsMean Of(MeanEstimate estimate) => new(Number(estimate.Mean), Number(estimate.Interval));

    public static double? Number(double value) => double.IsNaN(value) ? null : value;
}

/// <summary>The average indirect effects of one kind of states.</summary>
internal sealed record FactsAverage(string Kind, int Window, IReadOnlyList<FactsRole> Roles);

/// <summary>The averages of the tokens of one role, by layer, over so many facts.</summary>
internal sealed record FactsRole(string Role, int Facts, IReadOnlyList<double?> Means, IReadOnlyList<double?> Intervals);
