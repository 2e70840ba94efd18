using System.Text.RegularExpressions;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

// Reading and writing checkpoints.
public abstract partial class DecoderModel
{
    private string? _settings;

    /// <summary>
    /// The checkpoint's keys that the model was read without, such as those of a further head (<c>score.weight</c>); empty if there are
    /// none, or if the model was not read from files. <see cref="SavePretrained"/> does not write them.
    /// </summary>
    public IReadOnlyList<string> UnusedKeys { get; private set; } = [];

    /// <summary>
    /// The settings that the model was read with and that change what it computes, by name, in order; each as JSON. Empty if it
    /// was not read from files.
    /// </summary>
    public IReadOnlyDictionary<string, string> Settings => _settings is null ? new Dictionary<string, string>() : InertSettings.Without(_settings);

    /// <summary>The families that load, as <c>model_type</c> in <c>config.json</c> names them.</summary>
    public static IReadOnlyList<string> Families { get; } = [.. ModelFamilies.All.Keys.Order(StringComparer.Ordinal)];

    /// <summary>
    /// Reads a model in Hugging Face's layout: <c>config.json</c>, which says of which family it is, and
    /// <c>model.safetensors</c> or the files that <c>model.safetensors.index.json</c> lists.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="dtype">The type of the model's weights, whatever the file's (F64, F32, F16 or BF16).</param>
    /// <param name="device">Where the weights are to be; null is the CPU.</param>
    /// <returns>The model, in evaluation mode. It is the caller's to dispose.</returns>
    /// <remarks>
    /// The weights are read from the mapped file straight into the model's parameters: there is no second copy of them.
    /// Nothing is allocated for them before settings and files are seen to agree. Weights of further heads are not read, and
    /// listed in <see cref="UnusedKeys"/>. Rates of dropout are heeded by GPT-2 alone: the other families drop nothing when
    /// training.
    /// </remarks>
    /// <exception cref="CheckpointException">A file is missing or damaged, the family or a setting is not known, or settings and
    /// weights do not agree; the message names the file and the key.</exception>
    public static DecoderModel FromPretrained(string folder, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        ModelSettings settings = ReadSettings(folder);
        using var checkpoint = CheckpointFolder.Open(folder);
        Func<WeightFactory, DecoderModel> make = ModelFamilies.Read(settings, checkpoint);
        DecoderModel model = Load(make, checkpoint, settings.Layers, dtype, device ?? CPU);
        model._settings = settings.Json;
        return model;
    }

    /// <summary>
    /// Reads the layers of a model without its weights, from <c>config.json</c> alone. It is on <c>torch.META</c>, and takes no
    /// memory.
    /// </summary>
    /// <param name="folder">The folder. Its weights need not be there.</param>
    /// <returns>The model. It is the caller's to dispose.</returns>
    /// <exception cref="CheckpointException">The settings are missing or damaged, or the family or a setting is not known.</exception>
    public static DecoderModel LayersOf(string folder)
    {
        ModelSettings settings = ReadSettings(folder);
        DecoderModel model = ModelFamilies.Read(settings, null)(new WeightFactory(ScalarType.Float32, META));
        model.eval();
        return model;
    }

    /// <summary>
    /// Writes the model in Hugging Face's layout: <c>config.json</c> as it was read, but for the type of the weights, and
    /// <c>model.safetensors</c> in the model's own type. Each file replaces what is there only once it is complete.
    /// </summary>
    /// <param name="folder">The folder, made where it is missing.</param>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public void SavePretrained(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Directory.CreateDirectory(folder);
        SaveSettings(Path.Combine(folder, CheckpointFolder.ConfigName));

        // A tied head is the embedding's weight, and is written once. Transformers in Python refuses files that do not say
        // which framework's layout they have.
        Parameter? tied = Head is Unembedding { IsTied: true } head ? head.weight : null;
        SafetensorsFile.Save(
            Path.Combine(folder, CheckpointFolder.WeightsName),
            named_parameters()
                .Where(pair => !ReferenceEquals(pair.parameter, tied) || pair.name == Layout.Embedding + ".weight")
                .ToDictionary(pair => pair.name, Tensor (pair) => pair.parameter),
            new Dictionary<string, string> { ["format"] = "pt" });
    }

    /// <summary>Whether the model has the text of the settings that it was read from.</summary>
    private protected bool WasRead => _settings is not null;

    private protected ScalarType Dtype => Body.Tokens.get_parameter("weight")!.dtype;

    private protected virtual void SaveSettings(string path) =>
        AtomicFile.Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(StoredDtype.In(_settings!, Dtype))));

    /// <summary>Compares settings with files by a model that takes no memory, then makes the model and reads its weights.</summary>
    private protected static T Load<T>(Func<WeightFactory, T> make, CheckpointFolder checkpoint, (string Key, int Count) layers, ScalarType dtype, Device device)
        where T : DecoderModel
    {
        (Dictionary<string, string> keys, List<string> unused) = MatchKeys(make, checkpoint, layers);
        T model = make(new WeightFactory(dtype, device));
        try
        {
            foreach ((string name, Parameter parameter) in model.named_parameters())
                checkpoint.FileOf(keys[name])!.ReadInto(keys[name], parameter);
            model.CheckTiedHead(checkpoint);
            model.UnusedKeys = unused;
            model.eval();
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>From parameter name to key in the checkpoint, which lacks nothing; and the keys of further heads.</summary>
    private static (Dictionary<string, string> Keys, List<string> Unused) MatchKeys<T>(Func<WeightFactory, T> make, CheckpointFolder checkpoint, (string Key, int Count) layers)
        where T : DecoderModel
    {
        using T expected = MakeWithoutMemory(make, checkpoint, layers);
        Dictionary<string, string> keys = [];
        foreach ((string name, Parameter parameter) in expected.named_parameters())
        {
            string key = expected.KeysOf(name).FirstOrDefault(key => checkpoint.FileOf(key) is not null)
                ?? throw new CheckpointException(checkpoint.Listing, name, $"The checkpoint lacks it{(Bare(name) == name || name == expected.HeadKey ? "" : $" (and '{Bare(name)}')")}.");
            SafetensorsFile file = checkpoint.FileOf(key)!;
            SafetensorsEntry entry = file.Entries[key];
            if (!parameter.shape.AsSpan().SequenceEqual(entry.Shape.AsSpan()))
                throw new CheckpointException(file.FilePath, key, $"Its shape is [{string.Join(", ", entry.Shape)}], but {CheckpointFolder.ConfigName} asks for [{string.Join(", ", parameter.shape)}].");
            if (entry.Dtype is not (ScalarType.Float64 or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16))
                throw new CheckpointException(file.FilePath, key, $"Its dtype is {entry.Dtype}, expected F64, F32, F16 or BF16.");
            keys.Add(name, key);
        }

        HashSet<string> known = [.. keys.Values, expected.HeadKey], parts = expected.FirstNames();
        List<string> unused = [];
        foreach (string key in checkpoint.Keys)
        {
            if (known.Contains(key) || Buffer().IsMatch(key))
                continue;
            if (parts.Contains(FirstName(key)))
                throw new CheckpointException(checkpoint.FileOf(key)!.FilePath, key, $"It is no part of the {expected.FamilyName} that {CheckpointFolder.ConfigName} describes ({layers.Key} {layers.Count}).");
            unused.Add(key);
        }

        return (keys, unused);
    }

    // So many keys may be missing before the sizes are called absurd, instead of the first missing key named.
    private const int Missing = 10_000;

    // A model of absurd sizes costs little more than the checkpoint has keys: it is not made, or not to its end.
    private static T MakeWithoutMemory<T>(Func<WeightFactory, T> make, CheckpointFolder checkpoint, (string Key, int Count) layers)
        where T : DecoderModel
    {
        string settings = Path.Combine(checkpoint.Folder, CheckpointFolder.ConfigName);
        if (layers.Count > checkpoint.Keys.Count)
            throw new CheckpointException(settings, layers.Key, $"It is {layers.Count}, but the checkpoint has only {checkpoint.Keys.Count} keys in all.");
        if (!checkpoint.Keys.Any(key => key.Contains($".{layers.Count - 1}.", StringComparison.Ordinal) || key.StartsWith($"{layers.Count - 1}.", StringComparison.Ordinal)))
            throw new CheckpointException(settings, layers.Key, $"It is {layers.Count}, but no key of the checkpoint is of block {layers.Count - 1}, the last one.");
        var weights = new WeightFactory(ScalarType.Float32, META) { Most = checkpoint.Keys.Count + Missing };
        try
        {
            return make(weights);
        }
        catch (InvalidOperationException) when (weights.IsSpent)
        {
            weights.Discard();
            throw new CheckpointException(settings, layers.Key, $"It is {layers.Count}: so many blocks have far more weights than the checkpoint has keys, {checkpoint.Keys.Count}.");
        }
    }

    // Checkpoints of the model without its head lack the first part of the names. Some hold a tied model's one matrix as the head's.
    private IEnumerable<string> KeysOf(string name)
    {
        yield return name;
        if (name != HeadKey && name != HeadBiasKey)
            yield return Bare(name);
        if (name == Layout.Embedding + ".weight" && Head is Unembedding { IsTied: true })
            yield return HeadKey;
    }

    /// <summary>The first names of the model's own keys, with and without the body's name before them. Another one is a further head's.</summary>
    private HashSet<string> FirstNames() => [.. named_parameters().SelectMany(pair => KeysOf(pair.name)).Select(FirstName)];

    private static string FirstName(string key) => key[..(key.IndexOf('.', StringComparison.Ordinal) is >= 0 and int end ? end : key.Length)];

    private static string Bare(string name) => name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..];

    private static ModelSettings ReadSettings(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Directory.Exists(folder)
            ? ModelSettings.Read(Path.Combine(folder, CheckpointFolder.ConfigName))
            : throw new CheckpointException(folder, null, "There is no such folder.");
    }

    private protected virtual string FamilyName => GetType().Name;

    private string HeadKey => Layout.Head + ".weight";

    private string HeadBiasKey => Layout.Head + ".bias";

    // Older checkpoints hold the head of a tied model as well. One that differs means that the settings are wrong.
    private void CheckTiedHead(CheckpointFolder checkpoint)
    {
        if (Head is not Unembedding { IsTied: true } head || checkpoint.FileOf(HeadKey) is not { } file)
            return;
        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Parameter shared = head.weight;
        if (!file.Entries[HeadKey].Shape.AsSpan().SequenceEqual(shared.shape)
            || !file.Read(HeadKey, shared.dtype, shared.device).Equals(shared))
        {
            string embedding = Layout.Embedding[(Layout.Embedding.LastIndexOf('.') + 1)..] + ".weight";
            throw new CheckpointException(file.FilePath, HeadKey, $"It differs from {embedding}, but {CheckpointFolder.ConfigName} says that they are the same (tie_word_embeddings).");
        }
    }

    // Masks and frequencies that older versions of the reference implementation wrote.
    [GeneratedRegex(@"(^|\.)(attn|attention)\.(bias|masked_bias)$|\.rotary_emb\.inv_freq$")]
    private static partial Regex Buffer();
}
