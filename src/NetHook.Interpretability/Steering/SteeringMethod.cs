namespace NetHook.Interpretability;

/// <summary>How a <see cref="SteeringVector"/> is made of what a layer gives at the last tokens of contrasting prompts.</summary>
public enum SteeringMethod
{
    /// <summary>
    /// Contrastive activation addition (Rimsky et al. 2023, "Steering Llama 2 via Contrastive Activation Addition"): the mean over pairs
    /// of positive less negative.
    /// </summary>
    ContrastiveAddition,

    /// <summary>
    /// The mean of the positives less the mean of the negatives, of which there may be different numbers (Marks and Tegmark 2023). For as
    /// many of each it is the same vector as by pairs.
    /// </summary>
    DifferenceOfMeans,

    /// <summary>
    /// The direction u along which the differences dᵢ of pairs are largest, Σ (dᵢ · u)² (Zou et al. 2023, "Representation Engineering"),
    /// turned towards the positives, and as long as the differences are along it on average: mean(dᵢ · u) u.
    /// </summary>
    PrincipalComponent,
}
