using System.Text.Json;
using System.Text.Json.Serialization;

namespace NetHook.Interpretability;

/// <summary>How <see cref="RomeEditor"/> edits. The defaults are the original program's for GPT-2 XL, but for the layer.</summary>
public sealed record RomeOptions
{
    /// <summary>The name of the file, in a model's folder, with the options that suit the model: <c>rome.json</c>.</summary>
    public const string FileName = "rome.json";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
    };

    /// <summary>The layer whose MLP is edited. The paper takes 17 of GPT-2 XL's 48 and 8 of GPT-2 Medium's 24.</summary>
    public required int Layer { get; init; }

    /// <summary>The most steps of the optimisation that finds the value.</summary>
    public int Steps { get; init; } = 20;

    /// <summary>The learning rate of that optimisation, by Adam.</summary>
    public double LearningRate { get; init; } = 0.5;

    /// <summary>The optimisation ends early where the loss is below this.</summary>
    public double EnoughLoss { get; init; } = 0.05;

    /// <summary>The weight of the change's norm in the loss, relative to the squared norm of the value before (the mean over the prefixes).</summary>
    public double WeightDecay { get; init; } = 0.5;

    /// <summary>The weight in the loss of how far the prediction after "SUBJECT is a" drifts (Kullback-Leibler divergence).</summary>
    public double KlFactor { get; init; } = 0.0625;

    /// <summary>The largest norm of the change, as a multiple of the norm of the value before (the mean over the prefixes).</summary>
    public double ClampNorm { get; init; } = 4;

    /// <summary>
    /// A part of the mean of the second moment's diagonal that is added to all of it before it is inverted, for statistics
    /// of few tokens. The paper adds none.
    /// </summary>
    public double Ridge { get; init; }

    /// <summary>
    /// Texts put before the prompt, so that the edit does not hang on how the text begins; the prompt alone always counts as
    /// well. Null has the model write <see cref="PrefixLengths"/>.
    /// </summary>
    public IReadOnlyList<string>? Prefixes { get; init; }

    /// <summary>
    /// The prefixes that the model writes, each by the most tokens it may have: ten of 5 and ten of 10. The original's settings say
    /// the same and count <c>&lt;|endoftext|></c>, which the texts begin with, so that it writes 4 and 9.
    /// </summary>
    public IReadOnlyList<int> PrefixLengths { get; init; } = [5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10];

    /// <summary>The seed of the prefixes that the model writes.</summary>
    public long Seed { get; init; }

    private const int MostBytes = 4 << 20;

    /// <summary>Reads options from a JSON file, such as <c>{ "layer": 17, "learning_rate": 0.5 }</c>: properties by their names in snake case.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The options; those that the file does not name have their defaults.</returns>
    /// <exception cref="CheckpointException">The file is missing, is not JSON, or names something that is no option.</exception>
    public static RomeOptions Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            return JsonSerializer.Deserialize<RomeOptions>(InputFile.ReadAll(path, MostBytes), Json)
                ?? throw new CheckpointException(path, null, "It holds null where a JSON object is expected.");
        }
        catch (JsonException e)
        {
            throw new CheckpointException(path, e.Path, $"It is not the JSON of ROME's options: {e.Message}", e);
        }
        catch (Exception e) when (e is (IOException or UnauthorizedAccessException) and not CheckpointException)
        {
            throw new CheckpointException(path, null, $"It cannot be read: {e.Message}", e);
        }
    }

    internal void Validate(int layers)
    {
        Require(Layer >= 0 && Layer < layers, nameof(Layer), Layer, $"a layer of the model, 0 to {layers - 1}");
        Require(Steps >= 1, nameof(Steps), Steps, "at least 1");
        Require(LearningRate > 0 && double.IsFinite(LearningRate), nameof(LearningRate), LearningRate, "more than 0");
        Require(WeightDecay >= 0, nameof(WeightDecay), WeightDecay, "0 or more");
        Require(KlFactor >= 0, nameof(KlFactor), KlFactor, "0 or more");
        Require(ClampNorm > 0, nameof(ClampNorm), ClampNorm, "more than 0");
        Require(Ridge >= 0, nameof(Ridge), Ridge, "0 or more");
        Require(PrefixLengths.All(length => length >= 1), nameof(PrefixLengths), PrefixLengths.DefaultIfEmpty().Min(), "of 1 token or more");
    }

    private static void Require(bool condition, string name, object value, string expected)
    {
        if (!condition)
            throw new ArgumentOutOfRangeException(name, value, $"{name} is expected to be {expected}.");
    }
}
