using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>The sizes of a Llama, and the ways in which its relatives differ from it.</summary>
internal sealed record LlamaPlan
{
    /// <summary>The layer behind the head that caps the logits.</summary>
    public const string CapName = "logit_cap";

    public required string Family { get; init; }

    public required int Vocabulary { get; init; }

    public required int Width { get; init; }

    public required int Inner { get; init; }

    public required int Layers { get; init; }

    public required int Heads { get; init; }

    public required int KeyValueHeads { get; init; }

    public required int HeadSize { get; init; }

    /// <summary>How many tokens the model was made for.</summary>
    public required int Trained { get; init; }

    public required double NormEpsilon { get; init; }

    public required string Activation { get; init; }

    public required bool Tied { get; init; }

    /// <summary>The rotation of most layers.</summary>
    public required Rotation Rotation { get; init; }

    /// <summary>The rotation of layers with a window, if it is another one.</summary>
    public Rotation? WindowRotation { get; init; }

    public int? Window { get; init; }

    /// <summary>Which layers have the window; null means all.</summary>
    public Func<int, bool>? Windowed { get; init; }

    /// <summary>Whether queries, keys and values have biases.</summary>
    public bool QueryBias { get; init; }

    public bool OutputBias { get; init; }

    public bool MlpBias { get; init; }

    /// <summary>Whether each head's queries and keys are normed before they are rotated.</summary>
    public bool HeadNorms { get; init; }

    /// <summary>Whether norms scale by 1 + weight.</summary>
    public bool PlusOne { get; init; }

    /// <summary>What the embedding multiplies its vectors by.</summary>
    public double? EmbeddingScale { get; init; }

    /// <summary>What the vectors are multiplied by behind the embedding.</summary>
    public double? StreamScale { get; init; }

    /// <summary>What scores are multiplied by; null is one over the root of the head's size.</summary>
    public double? Scale { get; init; }

    public double? ScoreCap { get; init; }

    public double? LogitCap { get; init; }

    /// <summary>Whether a block adds its MLP's output as it is.</summary>
    public bool AddsMlpOutput { get; init; } = true;

    /// <summary>The paths that all relatives share.</summary>
    public TransformerLayout Layout => new TransformerLayout
    {
        Layers = Layers,
        Embedding = "model.embed_tokens",
        BlockPath = "model.layers.{0}",
        MlpPath = "model.layers.{0}.mlp",
        AddsMlpOutput = AddsMlpOutput,
        MlpKeysPath = "model.layers.{0}.mlp.keys",
        MlpProjectionPath = "model.layers.{0}.mlp.down_proj",
        FinalNorm = "model.norm",
        Head = "lm_head",
        Readout = LogitCap is null ? ["model.norm", "lm_head"] : ["model.norm", "lm_head", CapName],
    }.WithAttention("model.layers.{0}.self_attn");

    /// <summary>Reads what all relatives have in common, given what each has if its file does not say it.</summary>
    public static LlamaPlan Read(
        ModelSettings settings, string family, (int Vocabulary, int Width, int Inner, int Layers, int Heads) sizes, int trained, int? keyValueHeads = null, int? headSize = null, string activation = "silu",
        string activationKey = "hidden_act", bool tied = false, double theta = 10000, double epsilon = 1e-6, double? partial = null, bool rotation = true)
    {
        int width = settings.Size("hidden_size", sizes.Width), heads = settings.Size("num_attention_heads", sizes.Heads);
        int shared = settings.Size("num_key_value_heads", keyValueHeads ?? heads);
        if (heads % shared != 0)
            throw settings.Bad("num_key_value_heads", $"It is {shared}, which does not divide num_attention_heads, {heads}.");
        if (!settings.HasValue("head_dim") && headSize is null && width % heads != 0)
            throw settings.Bad("hidden_size", $"It is {width}, which num_attention_heads, {heads}, does not divide.");
        int size = settings.Size("head_dim", headSize ?? width / heads), most = settings.Size("max_position_embeddings", trained);
        return new()
        {
            Family = family,
            Vocabulary = settings.Size("vocab_size", sizes.Vocabulary),
            Width = width,
            Inner = settings.Size("intermediate_size", sizes.Inner),
            Layers = settings.LayerCount("num_hidden_layers", sizes.Layers),
            Heads = heads,
            KeyValueHeads = shared,
            HeadSize = size,
            Trained = most,
            NormEpsilon = settings.Positive("rms_norm_eps", epsilon),
            Activation = settings.Activation(activationKey, activation),
            Tied = settings.Tied(tied),
            Rotation = rotation ? RotarySettings.Read(settings, size, most, theta, partial) : new(new(size, theta)),
        };
    }

    public AttentionSettings Attention(int layer)
    {
        bool windowed = Windowed?.Invoke(layer) ?? true;
        return new()
        {
            Heads = Heads,
            KeyValueHeads = KeyValueHeads,
            HeadSize = HeadSize,
            Scale = Scale ?? 1 / Math.Sqrt(HeadSize),
            Rotation = windowed && WindowRotation is not null ? WindowRotation : Rotation,
            Window = windowed ? Window : null,
            ScoreCap = ScoreCap,
        };
    }

    public Module<Tensor, Tensor> Norm(WeightFactory make) => make.RmsNorm(Width, NormEpsilon, PlusOne);

    public Module<Tensor, Tensor> Mlp(WeightFactory make) => new GatedMlp(Width, Inner, Activation, MlpBias, make);
}
