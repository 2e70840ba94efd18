using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>By how much a patch would change a measure, from the gradient of the measure. All give Float64 <c>[heads, tokens]</c>.</summary>
internal static class AttributionEstimates
{
    private static readonly TorchSharp.Scalar Lowest = HeldScalars.Of(-700), Highest = HeldScalars.Of(700);

    /// <summary>(clean − a) · ∂m/∂a, of parts <c>[heads, tokens, ...]</c> (Nanda 2023).</summary>
    public static Tensor Linear(Tensor clean, Tensor own, Tensor gradient) =>
        ((Wide(clean) - Wide(own)) * Wide(gradient)).sum(-1);

    /// <summary>
    /// Of queries: the change of the pattern's rows when the softmax is computed with the clean queries, times ∂m/∂pattern
    /// (Kramár et al. 2024, section 3.1.1).
    /// </summary>
    public static Tensor OfPatterns(Tensor clean, Tensor own, Tensor gradient) => Linear(clean, own, gradient);

    /// <summary>
    /// Of keys: the change of all rows of the pattern when one column of the scores is that of the clean key, times ∂m/∂pattern,
    /// all <c>[heads, to, from]</c>.
    /// </summary>
    /// <remarks>
    /// If the score at one place of a row grows by δ, its weight p becomes p·e^δ / Z and each other weight w becomes w / Z, where
    /// Z = 1 + p (e^δ − 1): the softmax of the changed row. Masked places have no weight, and keep none.
    /// </remarks>
    public static Tensor OfKeys(Tensor cleanScores, Tensor scores, Tensor pattern, Tensor gradient)
    {
        (pattern, gradient) = (Wide(pattern), Wide(gradient));
        Tensor grown = pattern * (Wide(cleanScores) - Wide(scores)).Clamped(Lowest, Highest).expm1();
        Tensor before = (pattern * gradient).sum(-1, keepdim: true);
        Tensor after = before.Plus(grown * gradient) / grown.Plus(1L);
        return (after - before).sum(-2);
    }

    private static Tensor Wide(Tensor tensor) => tensor.to(ScalarType.Float64);
}
