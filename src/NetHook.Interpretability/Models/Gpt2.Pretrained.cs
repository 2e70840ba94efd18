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
        WeightMatch weights = Match(config, checkpoint);

        var model = new Gpt2(config, new WeightFactory(config, dtype, device ?? CPU, initialize: false));
        try
        {
            weights.ReadInto(checkpoint, model.named_parameters());
            model.CheckTiedHead(checkpoint, weights);
            (model.StoredType, model.UnusedKeys) = (weights.StoredType, weights.UnusedKeys);
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
    /// The keys of the files it was read from that the model does not use, such as those of a value head (<c>v_head.summary.weight</c>).
    /// <see cref="SavePretrained"/> does not write them. Empty for a model that was not read from files.
    /// </summary>
    public IReadOnlyList<string> UnusedKeys { get; private set; } = [];

    /// <summary>The type of the weights in the files it was read from, the widest if they are of several; null for a model that was not read from files.</summary>
    public ScalarType? StoredType { get; private set; }

    /// <summary>
    /// Writes the model in Hugging Face's layout, <c>config.json</c> and <c>model.safetensors</c>. Each file replaces what is
    /// there only once it is complete.
    /// </summary>
    /// <param name="folder">The folder, made where it is missing.</param>
    /// <param name="dtype">The type to convert the weights to, such as <see cref="StoredType"/>; null keeps the model's. The settings say which.</param>
    /// <exception cref="ArgumentException">The type is not one of floating point.</exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public void SavePretrained(string folder, ScalarType? dtype = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (dtype is not (null or ScalarType.Float64 or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16))
            throw new ArgumentException($"Weights cannot be saved as {dtype}: choose Float64, Float32, Float16 or BFloat16.", nameof(dtype));
        Directory.CreateDirectory(folder);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable _ = no_grad();
        var weights = named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter.to(dtype ?? pair.parameter.dtype));
        Config.Holding(weights.Values.First().dtype).Save(Path.Combine(folder, CheckpointFolder.ConfigName));

        // Transformers in Python refuses files that do not say which framework's layout they have.
        SafetensorsFile.Save(Path.Combine(folder, CheckpointFolder.WeightsName), weights, new Dictionary<string, string> { ["format"] = "pt" });
    }

    /// <summary>What a model with these settings has, in the order of its parameters. Nothing is made, so that absurd sizes cost nothing.</summary>
    internal static IEnumerable<NeededWeight> NeededWeights(Gpt2Config config)
    {
        (long width, long inner) = (config.NEmbd, config.NInner ?? 4L * config.NEmbd);
        yield return Of("wte.weight", [config.VocabSize, width], config.TieWordEmbeddings ? HeadKey : null);
        yield return Of("wpe.weight", [config.NPositions, width]);
        for (int layer = 0; layer < config.NLayer; layer++)
        {
            yield return Of($"h.{layer}.ln_1.weight", [width]);
            yield return Of($"h.{layer}.ln_1.bias", [width]);
            yield return Of($"h.{layer}.attn.c_attn.weight", [width, 3 * width]);
            yield return Of($"h.{layer}.attn.c_attn.bias", [3 * width]);
            yield return Of($"h.{layer}.attn.c_proj.weight", [width, width]);
            yield return Of($"h.{layer}.attn.c_proj.bias", [width]);
            yield return Of($"h.{layer}.ln_2.weight", [width]);
            yield return Of($"h.{layer}.ln_2.bias", [width]);
            yield return Of($"h.{layer}.mlp.c_fc.weight", [width, inner]);
            yield return Of($"h.{layer}.mlp.c_fc.bias", [inner]);
            yield return Of($"h.{layer}.mlp.c_proj.weight", [inner, width]);
            yield return Of($"h.{layer}.mlp.c_proj.bias", [width]);
        }

        yield return Of("ln_f.weight", [width]);
        yield return Of("ln_f.bias", [width]);
        if (!config.TieWordEmbeddings)
            yield return new(HeadKey, [config.VocabSize, width], HeadKey);

        // OpenAI's own files have no prefix.
        static NeededWeight Of(string bare, long[] shape, string? further = null) =>
            new(Prefix + bare, shape, further is null ? [Prefix + bare, bare] : [Prefix + bare, bare, further]);
    }

    private static WeightMatch Match(Gpt2Config config, CheckpointFolder checkpoint)
    {
        if (config.NLayer > checkpoint.Keys.Count)
        {
            throw new CheckpointException(
                Path.Combine(checkpoint.Folder, CheckpointFolder.ConfigName), "n_layer",
                $"It is {config.NLayer}, but the checkpoint has only {checkpoint.Keys.Count} keys in all.");
        }

        return WeightMatch.Of(
            checkpoint, $"the GPT-2 that {CheckpointFolder.ConfigName} describes (n_layer {config.NLayer})", NeededWeights(config),
            key => key == HeadKey || MaskBuffer().IsMatch(key));
    }

    // Older checkpoints hold the head of a tied model as well. One that differs means that the settings are wrong.
    private void CheckTiedHead(CheckpointFolder checkpoint, WeightMatch weights)
    {
        if (!Config.TieWordEmbeddings || weights.Keys[Prefix + SharedKey] == HeadKey || checkpoint.FileOf(HeadKey) is not { } file)
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
