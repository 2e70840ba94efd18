namespace NetHook.TrainFacts;

/// <summary>What a training depends on besides the data. The defaults are those of the bundled model.</summary>
internal sealed record TrainingSettings
{
    public int Seed { get; init; } = 1;

    public int Steps { get; init; } = 1500;

    public int Rows { get; init; } = 16;

    public double LearningRate { get; init; } = 3e-3;

    public int WarmUp { get; init; } = 50;

    public double WeightDecay { get; init; } = 0.1;

    public int ReportEvery { get; init; } = 100;
}
