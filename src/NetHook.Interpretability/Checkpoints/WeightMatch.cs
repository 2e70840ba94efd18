using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>What a model needs, found in a checkpoint: made before the model, so that settings that do not fit the files cost nothing.</summary>
/// <remarks>
/// <code>
/// WeightMatch weights = WeightMatch.Of(checkpoint, "LlamaForCausalLM", NeededWeights(config), key => key.EndsWith(".inv_freq"));
/// // now build the model, and then
/// weights.ReadInto(checkpoint, model.named_parameters());
/// </code>
/// </remarks>
internal sealed class WeightMatch
{
    private readonly Dictionary<string, string> _keys = [];
    private readonly List<string> _unused = [];

    private WeightMatch()
    {
    }

    /// <summary>From the parameter's name to the key in the checkpoint.</summary>
    public IReadOnlyDictionary<string, string> Keys => _keys;

    /// <summary>Keys of further heads, such as <c>v_head.*</c> or <c>score.weight</c>, which the model does not use. Empty buffers and masks are not among them.</summary>
    public IReadOnlyList<string> UnusedKeys => _unused;

    /// <summary>The type of the weights in the files; if they are of several types, the widest.</summary>
    public ScalarType StoredType { get; private set; } = ScalarType.Float16;

    /// <summary>Compares what is needed with what the files' headers say.</summary>
    /// <param name="checkpoint">The files.</param>
    /// <param name="model">What the model is called in messages, with its sizes: "the GPT-2 that config.json describes (n_layer 12)".</param>
    /// <param name="needed">What the model needs. They are made one by one, and none is asked for after one that is missing.</param>
    /// <param name="ignored">Whether a key holds nothing but what the model computes itself, such as a mask.</param>
    /// <exception cref="CheckpointException">A weight is missing, or has another shape or no type of floating point; or the
    /// files hold a weight that looks as if it belonged to the model. The message names the file and the key.</exception>
    public static WeightMatch Of(CheckpointFolder checkpoint, string model, IEnumerable<NeededWeight> needed, Func<string, bool> ignored)
    {
        var match = new WeightMatch();
        HashSet<string> used = [], own = [];
        foreach (NeededWeight weight in needed)
        {
            string key = weight.Keys.FirstOrDefault(name => checkpoint.FileOf(name) is not null)
                ?? throw new CheckpointException(checkpoint.Listing, weight.Keys[0], $"The checkpoint lacks it{Others(weight.Keys)}.");
            match.Add(weight, key, checkpoint.FileOf(key)!);
            used.Add(key);
            foreach (string name in weight.Keys)
                own.Add(FirstPart(name));
        }

        foreach (string key in checkpoint.Keys)
        {
            if (used.Contains(key) || ignored(key))
                continue;
            if (own.Contains(FirstPart(key)))
                throw new CheckpointException(checkpoint.FileOf(key)!.FilePath, key, $"It is no part of {model}.");
            match._unused.Add(key);
        }

        return match;
    }

    /// <summary>Reads each parameter from its file into its memory, converting to its type.</summary>
    public void ReadInto(CheckpointFolder checkpoint, IEnumerable<(string Name, TorchSharp.Modules.Parameter Parameter)> parameters)
    {
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in parameters)
            checkpoint.FileOf(_keys[name])!.ReadInto(_keys[name], parameter);
    }

    private static string FirstPart(string key) => key.IndexOf('.', StringComparison.Ordinal) is > 0 and var end ? key[..end] : key;

    private static string Others(string[] keys) =>
        keys.Length == 1 ? "" : $" (and {string.Join(", ", keys.Skip(1).Select(key => $"'{key}'"))})";

    private void Add(NeededWeight weight, string key, SafetensorsFile file)
    {
        SafetensorsEntry entry = file.Entries[key];
        if (!weight.Shape.AsSpan().SequenceEqual(entry.Shape.AsSpan()))
            throw new CheckpointException(file.FilePath, key, $"Its shape is [{string.Join(", ", entry.Shape)}], but {CheckpointFolder.ConfigName} asks for [{string.Join(", ", weight.Shape)}].");
        if (entry.Dtype is not (ScalarType.Float64 or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16))
            throw new CheckpointException(file.FilePath, key, $"Its dtype is {entry.Dtype?.ToString() ?? entry.DtypeName}, expected F64, F32, F16 or BF16.");
        StoredType = _keys.Count == 0 ? entry.Dtype.Value : Wider(StoredType, entry.Dtype.Value);
        _keys.Add(weight.Name, key);
    }

    // Neither of the two half precisions holds the other's values.
    private static ScalarType Wider(ScalarType a, ScalarType b) =>
        a == b ? a
        : a == ScalarType.Float64 || b == ScalarType.Float64 ? ScalarType.Float64
        : ScalarType.Float32;
}
