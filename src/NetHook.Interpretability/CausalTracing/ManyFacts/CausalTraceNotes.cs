using System.Text.Json;
using System.Text.Json.Serialization;

namespace NetHook.Interpretability;

/// <summary>What the first line of a file of traces says: which work it is of.</summary>
/// <param name="Format">Says what the file is.</param>
/// <param name="Model">The model's fingerprint.</param>
/// <param name="Facts">The hash of all facts.</param>
/// <param name="Count">How many facts there are in all.</param>
/// <param name="Layers">How many layers the model has.</param>
/// <param name="Kinds">Which states were restored.</param>
/// <param name="Noise">The noise, in standard deviations of the embeddings.</param>
/// <param name="Samples">How many corrupted runs there were of each fact.</param>
/// <param name="Seed">The seed of the noise.</param>
/// <param name="Sever">Which modules were severed, or null.</param>
/// <param name="Parts">Which parts of the facts the file is of.</param>
internal sealed record CausalTraceNotes(
    string Format, string Model, string Facts, int Count, int Layers, IReadOnlyList<CausalTraceKind> Kinds, double Noise, int Samples, long Seed, StateKind? Sever, IReadOnlyList<string> Parts)
{
    public const string FormatName = "nethook-causal-traces-1";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter<StateKind>(JsonNamingPolicy.CamelCase) },
    };

    [JsonIgnore]
    public IReadOnlyList<Shard> Shards => [.. Parts.Select(part => Shard.TryParse(part)!)];

    /// <summary>The same for other parts.</summary>
    public CausalTraceNotes Of(IEnumerable<Shard> shards) => this with { Parts = [.. shards.Select(shard => $"{shard}")] };

    /// <summary>Why files of these works cannot be one; null if they can.</summary>
    public string? WhyNotMerge(CausalTraceNotes other) =>
        other.Model != Model ? "traces of another model"
        : other.Facts != Facts || other.Count != Count ? "traces of other facts"
        : other.Line(parts: false) != Line(parts: false) ? "traces with other kinds of states, windows, noise, samples, seed or severed modules"
        : null;

    public string Line(bool parts = true) => JsonSerializer.Serialize(parts ? this : this with { Parts = [] }, Json);

    /// <exception cref="CheckpointException">The line is something else.</exception>
    public static CausalTraceNotes Read(string line, string path)
    {
        try
        {
            if (JsonSerializer.Deserialize<CausalTraceNotes>(line, Json) is
                { Format: FormatName, Model: not null, Facts: not null, Count: > 0, Layers: > 0, Kinds.Count: > 0, Parts.Count: > 0 } notes
                && notes.Parts.All(part => Shard.TryParse(part) is not null) && Shard.CommonCount(notes.Shards) is not null)
            {
                return notes;
            }
        }
        catch (JsonException e)
        {
            throw NotOurs(path, e);
        }

        throw NotOurs(path, null);
    }

    private static CheckpointException NotOurs(string path, Exception? inner) =>
        new(path, null, "It was not written by a job that traces facts: its first line does not say so.", inner);
}
