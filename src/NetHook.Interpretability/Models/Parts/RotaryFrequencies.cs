namespace NetHook.Interpretability;

/// <summary>
/// The frequencies of a rotation: base^(-2i/size), and the ways to stretch them so that a model reads more than it was
/// trained on. Computed when they are asked for, so that a file's absurd size costs nothing.
/// </summary>
/// <param name="Size">How many numbers are turned.</param>
/// <param name="Base">The base, <c>rope_theta</c>.</param>
internal record RotaryFrequencies(int Size, double Base)
{
    /// <summary>What cosines and sines are multiplied by.</summary>
    public double Amplitude { get; init; } = 1;

    /// <summary>The frequency of each pair, for a row of some length in tokens.</summary>
    public virtual double[] At(long length) => Plain(Base);

    /// <summary>Whether rows of these lengths have the same frequencies.</summary>
    public virtual bool AreSame(long length, long other) => true;

    protected double[] Plain(double theta) => [.. Enumerable.Range(0, Size / 2).Select(i => Math.Pow(theta, -2.0 * i / Size))];
}

/// <summary>Every position counts as a part of one.</summary>
internal sealed record LinearFrequencies(int Size, double Base, double Factor) : RotaryFrequencies(Size, Base)
{
    public override double[] At(long length) => [.. Plain(Base).Select(frequency => frequency / Factor)];
}

/// <summary>The base grows with the row, once that is longer than the model was trained on.</summary>
internal sealed record DynamicFrequencies(int Size, double Base, double Factor, int Trained) : RotaryFrequencies(Size, Base)
{
    public override double[] At(long length)
    {
        double growth = (Factor * Math.Max(length, Trained) / Trained) - (Factor - 1);
        return Plain(Base * Math.Pow(growth, Size / (Size - 2.0)));
    }

    public override bool AreSame(long length, long other) => Math.Max(length, Trained) == Math.Max(other, Trained);
}

/// <summary>Llama 3: long waves are stretched, short ones are not, and those between by degrees.</summary>
internal sealed record Llama3Frequencies(int Size, double Base, double Factor, double Low, double High, int Trained) : RotaryFrequencies(Size, Base)
{
    public override double[] At(long length) => [.. Plain(Base).Select(frequency =>
    {
        double waves = Trained * frequency / (2 * Math.PI);
        double kept = Math.Clamp((waves - Low) / (High - Low), 0, 1);
        return ((1 - kept) * frequency / Factor) + (kept * frequency);
    })];
}

/// <summary>YaRN (Peng et al. 2023): as Llama 3's, by the number of the pair.</summary>
internal sealed record YarnFrequencies(int Size, double Base, double Factor, double Fast, double Slow, bool Rounded, int Trained) : RotaryFrequencies(Size, Base)
{
    public override double[] At(long length)
    {
        double low = Pair(Fast), high = Pair(Slow);
        (low, high) = Rounded ? (Math.Floor(low), Math.Ceiling(high)) : (low, high);
        (low, high) = (Math.Max(low, 0), Math.Min(high, Size - 1));
        if (low == high)
            high += 0.001;
        return [.. Plain(Base).Select((frequency, i) =>
        {
            double ramp = Math.Clamp((i - low) / (high - low), 0, 1);
            return (frequency / Factor * ramp) + (frequency * (1 - ramp));
        })];
    }

    /// <summary>The pair that turns so many times over the rows that the model was trained on.</summary>
    private double Pair(double turns) => Size * Math.Log(Trained / (turns * 2 * Math.PI)) / (2 * Math.Log(Base));
}

/// <summary>LongRoPE (Ding et al. 2024): each pair has a divisor for short rows, and one for rows longer than the model was trained on.</summary>
internal sealed record LongFrequencies(int Size, double Base, double[] Short, double[] Long, int Trained) : RotaryFrequencies(Size, Base)
{
    public override double[] At(long length) => [.. Plain(Base).Zip(length > Trained ? Long : Short, (frequency, divisor) => frequency / divisor)];

    public override bool AreSame(long length, long other) => length > Trained == other > Trained;
}
