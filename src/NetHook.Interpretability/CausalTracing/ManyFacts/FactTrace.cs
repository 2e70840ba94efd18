using System.Text.Json.Serialization;

namespace NetHook.Interpretability;

/// <summary>The result of causal tracing for one fact of many. Immutable; holds no tensors.</summary>
/// <remarks>Its JSON is a line of the file that a <see cref="CausalTraceJob"/> saves.</remarks>
public sealed record FactTrace
{
    [JsonConstructor]
    internal FactTrace()
    {
    }

    /// <summary>The fact's place among all facts, from 1.</summary>
    [JsonPropertyName("fact")]
    public required int Number { get; init; }

    /// <summary>Whether the model predicts the answer. If not, the fact was not traced.</summary>
    [JsonPropertyName("known")]
    public required bool IsKnown { get; init; }

    /// <summary>The probability of the answer in the clean run; null of a fact that the model does not know.</summary>
    [JsonPropertyName("clean")]
    public double? CleanProbability { get; init; }

    /// <summary>The probability of the answer in the corrupted runs, their mean; null of a fact that the model does not know.</summary>
    [JsonPropertyName("corrupted")]
    public double? CorruptedProbability { get; init; }

    /// <summary>
    /// The probability of the answer with states restored: by kind, in the order of <see cref="CausalTraceFile.Kinds"/>; then by
    /// <see cref="TokenRole"/>, the mean over the tokens of the role, null if no token has it; then by layer. Null of a fact that the model
    /// does not know.
    /// </summary>
    [JsonPropertyName("restored")]
    public IReadOnlyList<IReadOnlyList<IReadOnlyList<double>?>>? Probabilities { get; init; }

    internal static FactTrace Unknown(int number) => new() { Number = number, IsKnown = false };

    internal static FactTrace Of(int number, IReadOnlyList<CausalTrace> traces) => new()
    {
        Number = number,
        IsKnown = true,
        CleanProbability = traces[0].CleanProbability,
        CorruptedProbability = traces[0].CorruptedProbability,
        Probabilities = [.. traces.Select(trace => (IReadOnlyList<IReadOnlyList<double>?>)[.. TokenRoles.All.Select(role => ByLayer(trace, role))])],
    };

    private static IReadOnlyList<double>? ByLayer(CausalTrace trace, TokenRole role)
    {
        int[] positions = [.. TokenRoles.Positions(role, trace.Subject, trace.Tokens.Count)];
        return positions.Length == 0 ? null
            : [.. Enumerable.Range(0, trace.Probabilities.Layers).Select(layer => positions.Average(token => trace.Probabilities[token, layer]))];
    }
}
