namespace NetHook.Interpretability.Tests;

/// <summary>The one list of the operations that the table tries: a new operation is added here, in the part that it belongs to.</summary>
internal static partial class PromisedOperations
{
    public static IReadOnlyDictionary<string, Promised> All { get; } =
        Models.Concat(Tracing).Concat(Running).Concat(Analyses).Concat(Heads).Concat(Editing).Concat(Keeping).ToDictionary(operation => operation.Member);

    /// <summary>Those that take any language model: they are tried on one that is not of this library too.</summary>
    public static IEnumerable<Promised> OnAnyModel =>
        Running.Concat(Analyses).Concat(Editing).Where(operation => !operation.Member.StartsWith(nameof(DecoderModel), StringComparison.Ordinal));

    /// <summary>Operations that the table leaves out, each with the reason.</summary>
    public static IReadOnlyDictionary<string, string> Exempt { get; } = new Dictionary<string, string>
    {
        ["new ActiveTrace(string, string, Trace)"] = "A record of three values, which does nothing.",
        ["new SteeringVector(string, Tensor, string, string)"] = "It is given a model's name, and no model.",
    };

    // A constructor whose object is not needed.
    private static void Make(object made) => ArgumentNullException.ThrowIfNull(made);
}
