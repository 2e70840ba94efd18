namespace NetHook.Interpretability;

/// <summary>The loss at one step of the optimisation that finds an edit's value.</summary>
/// <param name="Target">The negative log probability of the target, a mean over its tokens and the prefixes.</param>
/// <param name="Drift">The Kullback-Leibler divergence of the prediction after "SUBJECT is a", weighted.</param>
/// <param name="WeightDecay">The norm of the change, weighted.</param>
/// <param name="TargetProbability">The probability of the target: by tokens the geometric mean, over the prefixes the arithmetic one.</param>
public sealed record RomeLoss(double Target, double Drift, double WeightDecay, double TargetProbability)
{
    /// <summary>The sum.</summary>
    public double Total => Target + Drift + WeightDecay;
}
