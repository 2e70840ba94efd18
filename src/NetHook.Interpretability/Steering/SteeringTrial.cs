using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// The effect of a steering vector on prompts, with a random vector of the same norm beside it: an effect that the random one has too says
/// nothing of the direction. Immutable; holds no tensors.
/// </summary>
/// <remarks>
/// The measure is the mean over the prompts of logit(answer) − logit(against) behind the last token, or of log p(answer) if there is
/// nothing to compare with (Rimsky et al. 2023 steer to such choices).
/// </remarks>
public sealed record SteeringTrial
{
    private SteeringTrial()
    {
    }

    /// <summary>The prompts.</summary>
    public required IReadOnlyList<string> Prompts { get; init; }

    /// <summary>The layer that was steered.</summary>
    public required string Layer { get; init; }

    /// <summary>How the vector was made; null if nobody said.</summary>
    public required string? Method { get; init; }

    /// <summary>The length of both vectors.</summary>
    public required double Norm { get; init; }

    /// <summary>The seed that the random vector was drawn by.</summary>
    public required long Seed { get; init; }

    /// <summary>The measure, in words; null if no answer was given.</summary>
    public required string? Measured { get; init; }

    /// <summary>First the model as it is, then for each strength the vector and the random one.</summary>
    public required IReadOnlyList<SteeringOutcome> Outcomes { get; init; }

    /// <summary>Tries a steering vector.</summary>
    /// <param name="model">The model, in evaluation mode. It is not changed.</param>
    /// <param name="vector">The vector; still the caller's.</param>
    /// <param name="prompts">The prompts, steered at all their tokens and at new ones.</param>
    /// <param name="options">The strengths, what is measured, and how far the prompts are continued.</param>
    /// <param name="progress">Gets the share of the work that is done, 0 to 1.</param>
    /// <param name="cancellation">Ends the work, at the next block.</param>
    /// <returns>The outcomes.</returns>
    /// <remarks>
    /// For n strengths the prompts run 2 n + 1 times as one batch if an answer is given, and are continued 2 n + 1 times, by the likeliest
    /// tokens. Padding is not read.
    /// </remarks>
    /// <exception cref="PromptException">There are no prompts, one is empty or longer than the model reads, or an answer is not one token behind each prompt, or the
    /// same as the other.</exception>
    /// <exception cref="OptionException">There are no strengths, one is 0 or not finite, or an option is out of range.</exception>
    /// <exception cref="ModuleNotFoundException">The model has no layer of the vector's name.</exception>
    /// <exception cref="SteeringException">The layer gives another number of features than the vector has.</exception>
    /// <exception cref="InvalidOperationException">The model is in training mode.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public static SteeringTrial Run(
        LanguageModel model, SteeringVector vector, IReadOnlyList<string> prompts, SteeringTrialOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(vector);
        ArgumentNullException.ThrowIfNull(prompts);
        options ??= new();
        Check(options);
        EvalMode.Require(model.Model);
        var bench = SteeringBench.Of(model, prompts, options);
        model.Model.GetModule(vector.Layer);

        using SteeringVector random = vector.RandomLike(options.Seed);
        List<SteeringOutcome> outcomes = [bench.Try(null, 0, false, cancellation)];
        foreach ((double strength, int done) in options.Strengths.Select((strength, i) => (strength, i)))
        {
            progress?.Report((1.0 + (2 * done)) / (1 + (2 * options.Strengths.Count)));
            outcomes.Add(bench.Try(vector, strength, false, cancellation));
            outcomes.Add(bench.Try(random, strength, true, cancellation));
        }

        progress?.Report(1);
        return new()
        {
            Prompts = prompts,
            Layer = vector.Layer,
            Method = vector.Method,
            Norm = vector.Norm,
            Seed = options.Seed,
            Measured = bench.Measured,
            Outcomes = outcomes,
        };
    }

    /// <summary>The measure at each strength, of the vector and of the random one beside it, and how each prompt goes on.</summary>
    /// <returns>Lines separated by "\n", the last one without.</returns>
    public override string ToString()
    {
        List<string> lines = [$"{Layer}, norm {TextTable.Number(Norm, 2)}: {Method ?? "nobody said how the vector was made"}"];
        foreach (SteeringOutcome outcome in Outcomes)
        {
            string measure = outcome.Measure is { } value ? $": {Measured} {TextTable.Number(value, 2)}" : "";
            lines.Add($"{Name(outcome)}{measure}");
            lines.AddRange(Prompts.Zip(outcome.Texts, (prompt, text) => $"  {TextTable.Quote(prompt + text)}"));
        }

        return string.Join('\n', lines);
    }

    private static string Name(SteeringOutcome outcome) => outcome.Strength == 0 ? "not steered"
        : FormattableString.Invariant($"{outcome.Strength} x {(outcome.Random ? "a random vector of that norm" : "the vector")}");

    private static void Check(SteeringTrialOptions options)
    {
        if (options.Strengths.Count == 0)
            throw new OptionException(nameof(options.Strengths), 0, "No strengths are given: there is nothing to try.");
        foreach (double strength in options.Strengths.Where(strength => strength == 0 || !double.IsFinite(strength)))
            throw new OptionException(nameof(options.Strengths), strength, "A strength is a finite number other than 0; the model as it is comes beside them in any case.");
        if (options.MaxTokens < 0)
            throw new OptionException(nameof(options.MaxTokens), options.MaxTokens, "A text goes on by 0 tokens or more.");
        if (options.Against is not null && options.Answer is null)
            throw new OptionException(nameof(options.Against), options.Against, "Against is what Answer is compared with, and there is no Answer.");
    }
}
