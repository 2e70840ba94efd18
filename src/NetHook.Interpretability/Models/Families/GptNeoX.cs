using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>
/// GPT-NeoX (Black et al. 2022) and Pythia (Biderman et al. 2023): attention and MLP side by side, each with a norm of its own,
/// and a part of each head rotated.
/// </summary>
internal sealed class GptNeoX : DecoderModel
{
    public readonly GptNeoXBody gpt_neox;
    public readonly Module<Tensor, Tensor> embed_out;

    public GptNeoX(GptNeoXPlan plan, WeightFactory make)
        : base(nameof(GptNeoX), "gpt_neox", plan.Layout)
    {
        gpt_neox = new GptNeoXBody(plan, make);
        embed_out = make.Head(gpt_neox.embed_in, plan.Tied);
        Width = plan.Width;
        RegisterComponents();
    }

    private protected override Module<Tensor, Tensor> Stem => gpt_neox;

    private protected override DecoderBody Body => gpt_neox;

    private protected override Module<Tensor, Tensor> Head => embed_out;

    private protected override int Width { get; }

    public static Func<WeightFactory, DecoderModel> Read(ModelSettings settings)
    {
        int width = settings.Size("hidden_size", 6144), heads = settings.Size("num_attention_heads", 64), trained = settings.Size("max_position_embeddings", 2048);
        if (width % heads != 0)
            throw settings.Bad("hidden_size", $"It is {width}, which num_attention_heads, {heads}, does not divide.");

        // The same settings have older names.
        double part = settings.Positive("rotary_pct", 0.25), theta = settings.Positive("rotary_emb_base", 10000);
        GptNeoXPlan plan = new(
            settings.Size("vocab_size", 50432), width, settings.LayerCount("num_hidden_layers", 44), heads, settings.Size("intermediate_size", 24576),
            RotarySettings.Read(settings, width / heads, trained, theta, part), settings.Flag("use_parallel_residual", true), settings.Flag("attention_bias", true),
            settings.Activation("hidden_act", "gelu"), settings.Positive("layer_norm_eps", 1e-5), settings.Tied(false));
        return make => new GptNeoX(plan, make);
    }
}

internal sealed record GptNeoXPlan(
    int Vocabulary, int Width, int Layers, int Heads, int Inner, Rotation Rotation, bool Parallel, bool AttentionBias, string Activation, double NormEpsilon, bool Tied)
{
    public TransformerLayout Layout => new TransformerLayout
    {
        Layers = Layers,
        Embedding = "gpt_neox.embed_in",
        BlockPath = "gpt_neox.layers.{0}",
        MlpPath = "gpt_neox.layers.{0}.mlp",
        AddsMlpOutput = true,
        MlpKeysPath = "gpt_neox.layers.{0}.mlp.act",
        MlpProjectionPath = "gpt_neox.layers.{0}.mlp.dense_4h_to_h",
        FinalNorm = "gpt_neox.final_layer_norm",
        Head = "embed_out",
    }.WithAttention("gpt_neox.layers.{0}.attention");
}

internal sealed class GptNeoXBody : DecoderBody
{
    public readonly Module<Tensor, Tensor> embed_in;
    public readonly ModuleList<Module<Tensor, Tensor>> layers;
    public readonly Module<Tensor, Tensor> final_layer_norm;

    public GptNeoXBody(GptNeoXPlan plan, WeightFactory make)
        : base(nameof(GptNeoXBody))
    {
        embed_in = new Embedding(make.Matrix(plan.Vocabulary, plan.Width));
        layers = [.. Enumerable.Range(0, plan.Layers).Select(_ => new GptNeoXBlock(plan, make))];
        final_layer_norm = make.LayerNorm(plan.Width, plan.NormEpsilon);
        RegisterComponents();
    }

    public override Module<Tensor, Tensor> Tokens => embed_in;

    public override ModuleList<Module<Tensor, Tensor>> Blocks => layers;

    protected override Tensor Embed(Tensor ids, ForwardPass pass) => embed_in.call(ids);

    protected override Tensor Finish(Tensor residual) => final_layer_norm.call(residual);
}

/// <summary>x + attention(norm x) + MLP(other norm x); or one behind the other, if the settings say so.</summary>
internal sealed class GptNeoXBlock : Module<Tensor, Tensor>
{
    public readonly Module<Tensor, Tensor> input_layernorm, attention, post_attention_layernorm, mlp;
    private readonly bool _parallel;

    public GptNeoXBlock(GptNeoXPlan plan, WeightFactory make)
        : base(nameof(GptNeoXBlock))
    {
        _parallel = plan.Parallel;
        input_layernorm = make.LayerNorm(plan.Width, plan.NormEpsilon);
        attention = new GptNeoXAttention(plan, make);
        post_attention_layernorm = make.LayerNorm(plan.Width, plan.NormEpsilon);
        mlp = new Mlp(
            ("dense_h_to_4h", make.Linear(plan.Width, plan.Inner, bias: true)), ("act", Activations.Make(plan.Activation)),
            ("dense_4h_to_h", make.Linear(plan.Inner, plan.Width, bias: true)));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor attended = attention.call(input_layernorm.call(input)), x = attended.Plus(input);
        return scope.MoveToOuter(x.Plus(mlp.call(post_attention_layernorm.call(_parallel ? input : x))));
    }
}

/// <summary>Queries, keys and values by one projection, head by head.</summary>
internal sealed class GptNeoXAttention : Attention
{
    public readonly Module<Tensor, Tensor> query_key_value, dense;
    private readonly int _heads;

    public GptNeoXAttention(GptNeoXPlan plan, WeightFactory make)
        : base(nameof(GptNeoXAttention), new()
        {
            Heads = plan.Heads,
            KeyValueHeads = plan.Heads,
            HeadSize = plan.Width / plan.Heads,
            Scale = 1 / Math.Sqrt(plan.Width / plan.Heads),
            Rotation = plan.Rotation,
        })
    {
        _heads = plan.Heads;
        query_key_value = make.Linear(plan.Width, 3L * plan.Width, plan.AttentionBias);
        dense = make.Linear(plan.Width, plan.Width, plan.AttentionBias);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();

        // [batch, tokens, heads * 3 * size] to three of [batch, heads, tokens, size].
        Tensor[] qkv = query_key_value.call(input).view(input.shape[0], input.shape[1], _heads, 3, -1).permute(3, 0, 2, 1, 4).unbind(0);
        return scope.MoveToOuter(dense.call(Attend(qkv[0], qkv[1], qkv[2])));
    }
}
