using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>
/// OPT (Zhang et al. 2022): learned positions, ReLU, norms before attention and MLP; in its 350M model behind them, with a
/// narrower embedding.
/// </summary>
internal sealed class Opt : DecoderModel
{
    public readonly OptModel model;
    public readonly Module<Tensor, Tensor> lm_head;

    public Opt(OptPlan plan, WeightFactory make)
        : base(nameof(Opt), "opt", plan.Layout)
    {
        model = new OptModel(plan, make);
        lm_head = make.Head(model.decoder.embed_tokens, plan.Tied);
        Width = plan.Width;
        RegisterComponents();
    }

    private protected override Module<Tensor, Tensor> Stem => model;

    private protected override DecoderBody Body => model.decoder;

    private protected override Module<Tensor, Tensor> Head => lm_head;

    private protected override int Width { get; }

    public static Func<WeightFactory, DecoderModel> Read(ModelSettings settings)
    {
        int width = settings.Size("hidden_size", 768), heads = settings.Size("num_attention_heads", 12);
        if (width % heads != 0)
            throw settings.Bad("hidden_size", $"It is {width}, which num_attention_heads, {heads}, does not divide.");
        settings.Only("layer_norm_elementwise_affine", true);
        bool normFirst = settings.Flag("do_layer_norm_before", true), noLastNorm = settings.Flag("_remove_final_layer_norm", false);
        OptPlan plan = new(
            settings.Size("vocab_size", 50272), settings.Size("max_position_embeddings", 2048), width, settings.Size("word_embed_proj_dim", width),
            settings.LayerCount("num_hidden_layers", 12), heads, settings.Size("ffn_dim", 3072), normFirst, normFirst && !noLastNorm,
            settings.Flag("enable_bias", true), settings.Activation("activation_function", "relu"), settings.Tied(true));
        return make => new Opt(plan, make);
    }
}

internal sealed record OptPlan(
    int Vocabulary, int Positions, int Width, int WordWidth, int Layers, int Heads, int Inner, bool NormFirst, bool FinalNorm, bool Bias, string Activation, bool Tied)
{
    // No setting says otherwise.
    private const double NormEpsilon = 1e-5;

    public bool Projects => WordWidth != Width;

    public TransformerLayout Layout => new TransformerLayout
    {
        Layers = Layers,
        MaxTokens = Positions,
        Embedding = "model.decoder.embed_tokens",
        BlockPath = "model.decoder.layers.{0}",

        // There is no layer for the whole MLP: its last one returns what is added.
        MlpPath = "model.decoder.layers.{0}.fc2",
        AddsMlpOutput = NormFirst,
        MlpKeysPath = "model.decoder.layers.{0}.activation_fn",
        MlpProjectionPath = "model.decoder.layers.{0}.fc2",
        FinalNorm = FinalNorm ? "model.decoder.final_layer_norm" : null,
        Head = "lm_head",
        Readout = [.. FinalNorm ? ["model.decoder.final_layer_norm"] : Array.Empty<string>(), .. Projects ? ["model.decoder.project_out"] : Array.Empty<string>(), "lm_head"],
    }.WithAttention("model.decoder.layers.{0}.self_attn");

    public Module<Tensor, Tensor> Norm(WeightFactory make) => make.LayerNorm(Width, NormEpsilon);
}

/// <summary>Around the decoder, as checkpoints name it.</summary>
internal sealed class OptModel : Module<Tensor, Tensor>
{
    public readonly OptDecoder decoder;

    public OptModel(OptPlan plan, WeightFactory make)
        : base(nameof(OptModel))
    {
        decoder = new OptDecoder(plan, make);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => decoder.call(input);
}

internal sealed class OptDecoder : DecoderBody
{
    // Checkpoints have two rows before position 0.
    private const int Offset = 2;

    public readonly Module<Tensor, Tensor> embed_tokens, embed_positions;
    public readonly Module<Tensor, Tensor>? project_in, project_out, final_layer_norm;
    public readonly ModuleList<Module<Tensor, Tensor>> layers;

    public OptDecoder(OptPlan plan, WeightFactory make)
        : base(nameof(OptDecoder))
    {
        embed_tokens = new Embedding(make.Matrix(plan.Vocabulary, plan.WordWidth));
        embed_positions = new Embedding(make.Matrix(plan.Positions + Offset, plan.Width));
        if (plan.Projects)
        {
            project_in = make.Linear(plan.WordWidth, plan.Width, bias: false);
            project_out = make.Linear(plan.Width, plan.WordWidth, bias: false);
        }

        layers = [.. Enumerable.Range(0, plan.Layers).Select(_ => new OptBlock(plan, make))];
        if (plan.FinalNorm)
            final_layer_norm = plan.Norm(make);
        RegisterComponents();
    }

    public override Module<Tensor, Tensor> Tokens => embed_tokens;

    public override ModuleList<Module<Tensor, Tensor>> Blocks => layers;

    protected override Tensor Embed(Tensor ids, ForwardPass pass)
    {
        Tensor vectors = embed_tokens.call(ids);
        return (project_in?.call(vectors) ?? vectors).Plus(embed_positions.call(pass.Positions.Plus(Offset)));
    }

    protected override Tensor Finish(Tensor residual)
    {
        Tensor normed = final_layer_norm?.call(residual) ?? residual;
        return project_out?.call(normed) ?? normed;
    }
}

/// <summary>x + attention(norm x), then x + MLP(norm x); or norm(x + attention x), then norm(x + MLP x).</summary>
internal sealed class OptBlock : Module<Tensor, Tensor>
{
    public readonly Module<Tensor, Tensor> self_attn_layer_norm, self_attn, final_layer_norm, fc1, activation_fn, fc2;
    private readonly bool _normFirst;

    public OptBlock(OptPlan plan, WeightFactory make)
        : base(nameof(OptBlock))
    {
        _normFirst = plan.NormFirst;
        self_attn = new OptAttention(plan, make);
        self_attn_layer_norm = plan.Norm(make);
        fc1 = make.Linear(plan.Width, plan.Inner, plan.Bias);
        activation_fn = Activations.Make(plan.Activation);
        fc2 = make.Linear(plan.Inner, plan.Width, plan.Bias);
        final_layer_norm = plan.Norm(make);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = _normFirst ? input.Plus(self_attn.call(self_attn_layer_norm.call(input))) : self_attn_layer_norm.call(input.Plus(self_attn.call(input)));
        return scope.MoveToOuter(_normFirst ? x.Plus(Mlp(final_layer_norm.call(x))) : final_layer_norm.call(x.Plus(Mlp(x))));
    }

    private Tensor Mlp(Tensor x) => fc2.call(activation_fn.call(fc1.call(x)));
}

internal sealed class OptAttention : Attention
{
    public readonly Module<Tensor, Tensor> q_proj, k_proj, v_proj, out_proj;

    public OptAttention(OptPlan plan, WeightFactory make)
        : base(nameof(OptAttention), new()
        {
            Heads = plan.Heads,
            KeyValueHeads = plan.Heads,
            HeadSize = plan.Width / plan.Heads,
            Scale = 1 / Math.Sqrt(plan.Width / plan.Heads),
        })
    {
        q_proj = make.Linear(plan.Width, plan.Width, plan.Bias);
        k_proj = make.Linear(plan.Width, plan.Width, plan.Bias);
        v_proj = make.Linear(plan.Width, plan.Width, plan.Bias);
        out_proj = make.Linear(plan.Width, plan.Width, plan.Bias);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        return scope.MoveToOuter(out_proj.call(Attend(Split(q_proj.call(input)), Split(k_proj.call(input)), Split(v_proj.call(input)))));
    }
}
