using System.Text.Json;
using System.Text.Json.Serialization;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// The sizes and settings of a GPT-2, as in Hugging Face's <c>config.json</c>: <c>n_embd</c> there is
/// <see cref="NEmbd"/> here, and so on. The defaults are those of the smallest GPT-2 (124M).
/// </summary>
/// <remarks>Immutable. Settings of the file that do not change the model are kept and written back by <see cref="Save"/>.</remarks>
public sealed record Gpt2Config
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
    };

    // Transformers' GPT2Config takes these for its own (its attribute_map).
    private static readonly Dictionary<string, string> Aliases = new()
    {
        ["hidden_size"] = "n_embd",
        ["max_position_embeddings"] = "n_positions",
        ["num_attention_heads"] = "n_head",
        ["num_hidden_layers"] = "n_layer",
    };

    // Of these, Transformers takes whichever of the two the file has.

    /// <summary>The kind of model the file describes; only <c>gpt2</c> is accepted.</summary>
    public string ModelType { get; init; } = "gpt2";

    /// <summary>The number of tokens in the vocabulary: rows of <c>transformer.wte</c>.</summary>
    public int VocabSize { get; init; } = 50257;

    /// <summary>The longest input in tokens: rows of <c>transformer.wpe</c>.</summary>
    public int NPositions { get; init; } = 1024;

    /// <summary>The width of the residual stream.</summary>
    public int NEmbd { get; init; } = 768;

    /// <summary>The number of blocks.</summary>
    public int NLayer { get; init; } = 12;

    /// <summary>The number of attention heads in each block; divides <see cref="NEmbd"/>.</summary>
    public int NHead { get; init; } = 12;

    /// <summary>The width inside each MLP; null means four times <see cref="NEmbd"/>.</summary>
    public int? NInner { get; init; }

    /// <summary>
    /// The activation inside each MLP: <c>gelu_new</c> (also <c>gelu_fast</c>, <c>gelu_accurate</c>, <c>gelu_python_tanh</c>,
    /// <c>gelu_pytorch_tanh</c>), <c>gelu</c> (also <c>gelu_python</c>), <c>relu</c>, <c>silu</c> (also <c>swish</c>) or <c>tanh</c>.
    /// </summary>
    public string ActivationFunction { get; init; } = "gelu_new";

    /// <summary>The number added to the variance in each layer norm.</summary>
    public double LayerNormEpsilon { get; init; } = 1e-5;

    /// <summary>The probability of dropping an element of what attention and MLP add to the residual stream, when training.</summary>
    public double ResidPdrop { get; init; } = 0.1;

    /// <summary>The probability of dropping an element of the embeddings, when training.</summary>
    public double EmbdPdrop { get; init; } = 0.1;

    /// <summary>The probability of dropping an attention weight, when training.</summary>
    public double AttnPdrop { get; init; } = 0.1;

    /// <summary>The standard deviation of the weights of a new model.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Whether <c>lm_head</c> uses the weights of <c>transformer.wte</c>.</summary>
    public bool TieWordEmbeddings { get; init; } = true;

    /// <summary>Whether attention scores are divided by the square root of the head's width.</summary>
    public bool ScaleAttnWeights { get; init; } = true;

    /// <summary>Whether attention scores of block <c>i</c> are also divided by <c>i + 1</c>.</summary>
    public bool ScaleAttnByInverseLayerIdx { get; init; }

    /// <summary>Whether attention scores are computed in Float32 whatever the model's dtype.</summary>
    public bool ReorderAndUpcastAttn { get; init; }

    /// <summary>Whether the model attends to another one; not supported, and refused.</summary>
    public bool AddCrossAttention { get; init; }

    /// <summary>New weights that write into the residual stream are smaller by the number of layers that do, so that its size does not grow with depth.</summary>
    internal double IntoResidual => 1 / Math.Sqrt(2.0 * NLayer);

    [JsonInclude, JsonExtensionData]
    internal Dictionary<string, JsonElement>? Others { get; init; }

    /// <summary>These settings, saying that the file of weights beside them holds such elements.</summary>
    internal Gpt2Config Holding(ScalarType dtype)
    {
        Dictionary<string, JsonElement> others = new(Others ?? []);
        string[] present = [.. StoredDtype.Keys.Where(others.ContainsKey)];
        foreach (string key in present.Length > 0 ? present : ["torch_dtype"])
            others[key] = JsonSerializer.SerializeToElement(StoredDtype.NameOf(dtype));
        return this with { Others = others };
    }

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <param name="path">The path of the file.</param>
    /// <returns>The settings, which are those of a model that <see cref="Gpt2"/> can be.</returns>
    /// <exception cref="CheckpointException">The file is missing, is not JSON, or describes a model that <see cref="Gpt2"/> cannot be.</exception>
    public static Gpt2Config Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var settings = ConfigReader.Read(path, Aliases);
        var defaults = new Gpt2Config();
        var config = new Gpt2Config
        {
            ModelType = settings.Text("model_type", defaults.ModelType),
            VocabSize = settings.Integer("vocab_size", defaults.VocabSize),
            NPositions = settings.Integer("n_positions", defaults.NPositions),
            NEmbd = settings.Integer("n_embd", defaults.NEmbd),
            NLayer = settings.Integer("n_layer", defaults.NLayer),
            NHead = settings.Integer("n_head", defaults.NHead),
            NInner = settings.Has("n_inner") ? settings.Integer("n_inner") : null,
            ActivationFunction = settings.Text("activation_function", defaults.ActivationFunction),
            LayerNormEpsilon = settings.Number("layer_norm_epsilon", defaults.LayerNormEpsilon),
            ResidPdrop = settings.Number("resid_pdrop", defaults.ResidPdrop),
            EmbdPdrop = settings.Number("embd_pdrop", defaults.EmbdPdrop),
            AttnPdrop = settings.Number("attn_pdrop", defaults.AttnPdrop),
            InitializerRange = settings.Number("initializer_range", defaults.InitializerRange),
            TieWordEmbeddings = settings.Flag("tie_word_embeddings", defaults.TieWordEmbeddings),
            ScaleAttnWeights = settings.Flag("scale_attn_weights", defaults.ScaleAttnWeights),
            ScaleAttnByInverseLayerIdx = settings.Flag("scale_attn_by_inverse_layer_idx", defaults.ScaleAttnByInverseLayerIdx),
            ReorderAndUpcastAttn = settings.Flag("reorder_and_upcast_attn", defaults.ReorderAndUpcastAttn),
            AddCrossAttention = settings.Flag("add_cross_attention", defaults.AddCrossAttention),
            Others = settings.Others.Count == 0 ? null : settings.Others.ToDictionary(),
        };
        try
        {
            config.Validate();
            return config;
        }
        catch (ArgumentException e)
        {
            throw new CheckpointException(path, null, e.Message, e);
        }
    }

    /// <summary>Writes the settings as a <c>config.json</c>, replacing the file only once the new one is complete.</summary>
    /// <param name="path">The path of the file.</param>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Gpt2Config config = Others?.ContainsKey("architectures") == true ? this : this with
        {
            Others = new(Others ?? []) { ["architectures"] = JsonSerializer.SerializeToElement<string[]>(["GPT2LMHeadModel"]) },
        };
        AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, config, Json));
    }

    /// <summary>Checks that <see cref="Gpt2"/> can be built from these settings.</summary>
    /// <exception cref="ArgumentException">A setting is out of range, contradicts another, or is not supported; the message names it.</exception>
    public void Validate()
    {
        Require(ModelType == "gpt2", $"model_type is \"{ModelType}\", only \"gpt2\" is supported");
        foreach ((string name, int size) in new[]
        {
            ("vocab_size", VocabSize), ("n_positions", NPositions), ("n_embd", NEmbd),
            ("n_layer", NLayer), ("n_head", NHead), ("n_inner", NInner ?? 1),
        })
        {
            Require(size is > 0 and <= ConfigReader.LargestSize, $"{name} is {size}, expected 1 to {ConfigReader.LargestSize}");
        }

        Require(NEmbd % NHead == 0, $"n_embd is {NEmbd}, which n_head = {NHead} does not divide");
        Require(LayerNormEpsilon > 0 && double.IsFinite(LayerNormEpsilon), $"layer_norm_epsilon is {LayerNormEpsilon}, expected more than 0");
        foreach ((string name, double p) in new[] { ("resid_pdrop", ResidPdrop), ("embd_pdrop", EmbdPdrop), ("attn_pdrop", AttnPdrop) })
            Require(p is >= 0 and <= 1, $"{name} is {p}, expected 0 to 1");
        Require(!AddCrossAttention, "add_cross_attention is true, which is not supported");
        Require(
            Activations.Names.Contains(ActivationFunction),
            $"activation_function is \"{ActivationFunction}\", supported are {string.Join(", ", Activations.Names)}");

        static void Require(bool condition, string problem)
        {
            if (!condition)
                throw new ArgumentException($"{problem}.");
        }
    }
}
