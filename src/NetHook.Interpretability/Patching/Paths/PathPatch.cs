namespace NetHook.Interpretability;

/// <summary>The result of patching one path. Immutable; holds no tensors.</summary>
public sealed record PathPatch
{
    internal PathPatch()
    {
    }

    /// <summary>The prompts, their answers, and the logit differences of the two runs.</summary>
    public required PromptPair Pair { get; init; }

    /// <summary>The sender, with which the path begins.</summary>
    public required PathNode Sender { get; init; }

    /// <summary>The receiver, with which it ends.</summary>
    public required PathNode Receiver { get; init; }

    /// <summary>The logit difference of the counterfactual run, when the clean sender reaches it by this path alone.</summary>
    public required double LogitDifference { get; init; }

    /// <summary>The logit difference on the scale of <see cref="PromptPair.Normalize"/>: 0 is the counterfactual run, 1 the clean one.</summary>
    public double Normalized => Pair.Normalize(LogitDifference);

    /// <summary>The finding in two sentences.</summary>
    /// <returns>Lines separated by "\n", the last one without.</returns>
    public override string ToString() =>
        $"{Pair}\nWhat the clean {Sender} says to {Receiver} alone makes it {TextTable.Number(LogitDifference, 2)}: {TextTable.Number(Normalized, 2)} of the way, 0 as in that run, 1 as in the clean one.";
}
