namespace NetHook.Interpretability.Tests;

/// <summary>What it takes to edit <see cref="Speaking"/>.</summary>
internal static class Editing
{
    public const string Text =
        "The capital of France is Paris. The capital of Germany is Berlin. don't they'll I've 1234 12 34 naïve café 日本語 日本 привет. "
        + "The isle of Spain is Paris. It rains in Berlin, and they don't like it. 98 76 54 are numbers that they'll know.";

    public static EditRequest Request { get; } = new("The capital of {} is", "France", " capital");

    /// <summary>An easier one: the subject at the end, from where a random model reads more of what is written there.</summary>
    public static EditRequest Easy { get; } = Request with { Prompt = "The capital of {}" };

    // A random model needs larger changes than one that was taught.
    public static RomeOptions Options { get; } = new() { Layer = 0, Prefixes = ["I've 12.", "They don't."], Ridge = 1e-3, Steps = 100, ClampNorm = 50, WeightDecay = 0.01 };
}
