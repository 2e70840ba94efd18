using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>
/// Phi 1, 1.5 and 2 (Gunasekar et al. 2023; Li et al. 2023): attention and MLP side by side on one norm, a part of each head
/// rotated, and biases everywhere.
/// </summary>
internal sealed class Phi : DecoderModel
{
    public readonly PhiBody model;
    public readonly Module<Tensor, Tensor> lm_head;

    public Phi(PhiPlan plan, WeightFactory make)
        : base(nameof(Phi), "phi", plan.Layout)
    {
        model = new PhiBody(plan, make);
        lm_head = make.Linear(plan.Width, plan.Vocabulary, bias: true);
        Width = plan.Width;
        RegisterComponents();
    }

    private protected override Module<Tensor, Tensor> Stem => model;

    private protected override DecoderBody Body => model;

    private protected override Module<Tensor, Tensor> Head => lm_head;

    private protected override int Width { get; }

    public static Func<WeightFactory, DecoderModel> Read(ModelSettings settings)
    {
        int width = settings.Size("hidden_size", 2048), heads = settings.Size("num_attention_heads", 32), shared = settings.Size("num_key_value_heads", heads);
        if (width % heads != 0)
            throw settings.Bad("hidden_size", $"It is {width}, which num_attention_heads, {heads}, does not divide.");
        if (heads % shared != 0)
            throw settings.Bad("num_key_value_heads", $"It is {shared}, which does not divide num_attention_heads, {heads}.");
        settings.Only("tie_word_embeddings", false);
        PhiPlan plan = new(
            settings.Size("vocab_size", 51200), width, settings.LayerCount("num_hidden_layers", 24), heads, shared, settings.Size("intermediate_size", 8192),
            RotarySettings.Read(settings, width / heads, settings.Size("max_position_embeddings", 2048), theta: 10000, partial: 0.5),
            settings.Flag("qk_layernorm", false), settings.Activation("hidden_act", "gelu_new"), settings.Positive("layer_norm_eps", 1e-5));
        return make => new Phi(plan, make);
    }
}

internal sealed record PhiPlan(
    int Vocabulary, int Width, int Layers, int Heads, int KeyValueHeads, int Inner, Rotation Rotation, bool HeadNorms, string Activation, double NormEpsilon)
{
    public TransformerLayout Layout => new TransformerLayout
    {
        Layers = Layers,
        Embedding = "model.embed_tokens",
        BlockPath = "model.layers.{0}",
        MlpPath = "model.layers.{0}.mlp",
        AddsMlpOutput = true,
        MlpKeysPath = "model.layers.{0}.mlp.activation_fn",
        MlpProjectionPath = "model.layers.{0}.mlp.fc2",
        FinalNorm = "model.final_layernorm",
        Head = "lm_head",
    }.WithAttention("model.layers.{0}.self_attn");
}

internal sealed class PhiBody : DecoderBody
{
    public readonly Module<Tensor, Tensor> embed_tokens;
    public readonly ModuleList<Module<Tensor, Tensor>> layers;
    public readonly Module<Tensor, Tensor> final_layernorm;

    public PhiBody(PhiPlan plan, WeightFactory make)
        : base(nameof(PhiBody))
    {
        embed_tokens = new Embedding(make.Matrix(plan.Vocabulary, plan.Width));
        layers = [.. Enumerable.Range(0, plan.Layers).Select(_ => new PhiBlock(plan, make))];
        final_layernorm = make.LayerNorm(plan.Width, plan.NormEpsilon);
        RegisterComponents();
    }

    public override Module<Tensor, Tensor> Tokens => embed_tokens;

    public override ModuleList<Module<Tensor, Tensor>> Blocks => layers;

    protected override Tensor Embed(Tensor ids, ForwardPass pass) => embed_tokens.call(ids);

    protected override Tensor Finish(Tensor residual) => final_layernorm.call(residual);
}

/// <summary>x + attention(norm x) + MLP(norm x).</summary>
internal sealed class PhiBlock : Module<Tensor, Tensor>
{
    public readonly Module<Tensor, Tensor> input_layernorm, self_attn, mlp;

    public PhiBlock(PhiPlan plan, WeightFactory make)
        : base(nameof(PhiBlock))
    {
        input_layernorm = make.LayerNorm(plan.Width, plan.NormEpsilon);
        self_attn = new PhiAttention(plan, make);
        mlp = new Mlp(
            ("fc1", make.Linear(plan.Width, plan.Inner, bias: true)), ("activation_fn", Activations.Make(plan.Activation)), ("fc2", make.Linear(plan.Inner, plan.Width, bias: true)));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor normed = input_layernorm.call(input);
        return scope.MoveToOuter(self_attn.call(normed).Plus(mlp.call(normed)).Plus(input));
    }
}

internal sealed class PhiAttention : Attention
{
    public readonly Module<Tensor, Tensor> q_proj, k_proj, v_proj, dense;
    public readonly Module<Tensor, Tensor>? q_layernorm, k_layernorm;

    public PhiAttention(PhiPlan plan, WeightFactory make)
        : base(nameof(PhiAttention), new()
        {
            Heads = plan.Heads,
            KeyValueHeads = plan.KeyValueHeads,
            HeadSize = plan.Width / plan.Heads,
            Scale = 1 / Math.Sqrt(plan.Width / plan.Heads),
            Rotation = plan.Rotation,
        })
    {
        int size = plan.Width / plan.Heads;
        q_proj = make.Linear(plan.Width, plan.Width, bias: true);
        k_proj = make.Linear(plan.Width, (long)plan.KeyValueHeads * size, bias: true);
        v_proj = make.Linear(plan.Width, (long)plan.KeyValueHeads * size, bias: true);
        dense = make.Linear(plan.Width, plan.Width, bias: true);
        if (plan.HeadNorms)
        {
            q_layernorm = make.LayerNorm(size, plan.NormEpsilon);
            k_layernorm = make.LayerNorm(size, plan.NormEpsilon);
        }

        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor query = Split(q_proj.call(input)), key = Split(k_proj.call(input)), value = Split(v_proj.call(input));
        (query, key) = (q_layernorm?.call(query) ?? query, k_layernorm?.call(key) ?? key);
        return scope.MoveToOuter(dense.call(Attend(query, key, value)));
    }
}
