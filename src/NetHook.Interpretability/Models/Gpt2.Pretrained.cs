using System.Text.RegularExpressions;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

// Reading and writing checkpoints.
public sealed partial class Gpt2
{
    private const string Prefix = "transformer.";
    private const string HeadKey = "lm_head.weight";

    /// <summary>
    /// Reads a model in Hugging Face's layout, such as the official GPT-2 folders as downloaded: <c>config.json</c>, and
    /// <c>model.safetensors</c> or the files that <c>model.safetensors.index.json</c> lists.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="dtype">The type of the model's weights, whatever the file's (F64, F32, F16 or BF16).</param>
    /// <param name="device">Where the weights are to be.</param>
    /// <returns>The model, in evaluation mode.</returns>
    /// <remarks>
    /// The weights are read from the mapped file straight into the model's parameters: there is no second copy of them.
    /// Nothing is allocated for them before settings and files are seen to agree.
    /// </remarks>
    /// <exception cref="CheckpointException">A file is missing or damaged, or settings and weights do not agree; the message
    /// names the file and the key.</exception>
    public static Gpt2 FromPretrained(string folder, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!Directory.Exists(folder))
            throw new CheckpointException(folder, null, "There is no such folder.");
        var config = Gpt2Config.Load(Path.Combine(folder, CheckpointFolder.ConfigName));
        using var checkpoint = CheckpointFolder.Open(folder);
        Dictionary<string, string> keys = MatchKeys(config, checkpoint);

        var model = new Gpt2(config, new WeightFactory(config, dtype, device ?? CPU, initialize: false));
        try
        {
            foreach ((string name, Parameter parameter) in model.named_parameters())
                checkpoint.FileOf(keys[name])!.ReadInto(keys[name], parameter);
            model.CheckTiedHead(checkpoint);
            model.eval();
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Writes the model in Hugging Face's layout, <c>config.json</c> and <c>model.safetensors</c>. Each file replaces what is
    /// there only once it is complete.
    /// </summary>
    /// <param name="folder">The folder, made where it is missing.</param>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public void SavePretrained(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Directory.CreateDirectory(folder);
        Config.Save(Path.Combine(folder, CheckpointFolder.ConfigName));

        // Transformers in Python refuses files that do not say which framework's layout they have.
        SafetensorsFile.Save(
            Path.Combine(folder, CheckpointFolder.WeightsName),
            named_parameters().ToDictionary(pair => pair.name, Tensor (pair) => pair.parameter),
            new Dictionary<string, string> { ["format"] = "pt" });
    }

    /// <summary>From parameter name to key in the checkpoint, which lacks nothing, and has nothing else but masks.</summary>
    private static Dictionary<string, string> MatchKeys(Gpt2Config config, CheckpointFolder checkpoint)
    {
        string settings = Path.Combine(checkpoint.Folder, CheckpointFolder.ConfigName);
        if (config.NLayer > checkpoint.Keys.Count)
            throw new CheckpointException(settings, "n_layer", $"It is {config.NLayer}, but the checkpoint has only {checkpoint.Keys.Count} keys in all.");

        // The file is compared with a model that takes no memory, so that absurd settings cost nothing.
        using var expected = new Gpt2(config, new WeightFactory(config, ScalarType.Float32, META, initialize: false));
        Dictionary<string, string> keys = [];
        foreach ((string name, Parameter parameter) in expected.named_parameters())
        {
            string bare = name.StartsWith(Prefix, StringComparison.Ordinal) ? name[Prefix.Length..] : name;
            string key = checkpoint.FileOf(name) is null && checkpoint.FileOf(bare) is not null ? bare : name;
            SafetensorsFile file = checkpoint.FileOf(key)
                ?? throw new CheckpointException(checkpoint.Listing, name, $"The checkpoint lacks it{(bare == name ? "" : $" (and '{bare}')")}.");
            SafetensorsEntry entry = file.Entries[key];
            if (!parameter.shape.AsSpan().SequenceEqual(entry.Shape.AsSpan()))
                throw new CheckpointException(file.FilePath, key, $"Its shape is [{string.Join(", ", entry.Shape)}], but {CheckpointFolder.ConfigName} asks for [{string.Join(", ", parameter.shape)}].");
            if (entry.Dtype is not (ScalarType.Float64 or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16))
                throw new CheckpointException(file.FilePath, key, $"Its dtype is {entry.Dtype}, expected F64, F32, F16 or BF16.");
            keys.Add(name, key);
        }

        HashSet<string> known = [.. keys.Values, HeadKey];
        foreach (string key in checkpoint.Keys)
        {
            if (!known.Contains(key) && !MaskBuffer().IsMatch(key))
                throw new CheckpointException(checkpoint.FileOf(key)!.FilePath, key, $"It is no part of the GPT-2 that {CheckpointFolder.ConfigName} describes (n_layer {config.NLayer}).");
        }

        return keys;
    }

    // Older checkpoints hold the head of a tied model as well. One that differs means that the settings are wrong.
    private void CheckTiedHead(CheckpointFolder checkpoint)
    {
        if (!Config.TieWordEmbeddings || checkpoint.FileOf(HeadKey) is not { } file)
            return;
        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Parameter shared = get_parameter(HeadKey)!;
        if (!file.Entries[HeadKey].Shape.AsSpan().SequenceEqual(shared.shape)
            || !file.Read(HeadKey, shared.dtype, shared.device).Equals(shared))
        {
            throw new CheckpointException(file.FilePath, HeadKey, $"It differs from wte.weight, but {CheckpointFolder.ConfigName} says that they are the same (tie_word_embeddings).");
        }
    }

    [GeneratedRegex(@"^(transformer\.)?h\.\d+\.attn\.(bias|masked_bias)$")]
    private static partial Regex MaskBuffer();
}
