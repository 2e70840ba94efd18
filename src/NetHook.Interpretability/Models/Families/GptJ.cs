using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>
/// GPT-J (Wang and Komatsuzaki 2021): attention and MLP side by side on one norm, and neighbouring numbers at the start of each
/// head rotated as pairs.
/// </summary>
internal sealed class GptJ : DecoderModel
{
    public readonly GptJTransformer transformer;
    public readonly Module<Tensor, Tensor> lm_head;

    public GptJ(GptJPlan plan, WeightFactory make)
        : base(nameof(GptJ), "gptj", plan.Layout)
    {
        transformer = new GptJTransformer(plan, make);
        lm_head = make.Linear(plan.Width, plan.Vocabulary, bias: true);
        Width = plan.Width;
        RegisterComponents();
    }

    private protected override Module<Tensor, Tensor> Stem => transformer;

    private protected override DecoderBody Body => transformer;

    private protected override Module<Tensor, Tensor> Head => lm_head;

    internal override string LimitSetting => "n_positions";

    private protected override int Width { get; }

    public static Func<WeightFactory, DecoderModel> Read(ModelSettings settings)
    {
        int width = settings.Size("n_embd", 4096), heads = settings.Size("n_head", 16);
        if (width % heads != 0)
            throw settings.Bad("n_embd", $"It is {width}, which n_head, {heads}, does not divide.");
        int turned = settings.Size("rotary_dim", 64);
        if (turned % 2 != 0 || turned > width / heads)
            throw settings.Bad("rotary_dim", $"It is {turned}, expected an even number, 2 to {width / heads}, the size of a head.");

        // Older files say these; the reference implementation does not read them.
        settings.Only("rotary", true);
        settings.Only("scale_attn_weights", true);
        settings.Only("tie_word_embeddings", false);
        GptJPlan plan = new(
            settings.Size("vocab_size", 50400), settings.Size("n_positions", 2048), width, settings.LayerCount("n_layer", 28), heads,
            settings.SizeOrNull("n_inner") ?? 4 * width, turned, settings.Activation("activation_function", "gelu_new"), settings.Positive("layer_norm_epsilon", 1e-5));
        return make => new GptJ(plan, make);
    }
}

internal sealed record GptJPlan(
    int Vocabulary, int Positions, int Width, int Layers, int Heads, int Inner, int Turned, string Activation, double NormEpsilon)
{
    public Rotation Rotation { get; } = new(new(Turned, 10000), Interleaved: true);

    public TransformerLayout Layout => new TransformerLayout
    {
        Layers = Layers,
        MaxTokens = Positions,
        Embedding = "transformer.wte",
        BlockPath = "transformer.h.{0}",
        MlpPath = "transformer.h.{0}.mlp",
        AddsMlpOutput = true,
        MlpKeysPath = "transformer.h.{0}.mlp.act",
        MlpProjectionPath = "transformer.h.{0}.mlp.fc_out",
        FinalNorm = "transformer.ln_f",
        Head = "lm_head",
    }.WithAttention("transformer.h.{0}.attn");
}

internal sealed class GptJTransformer : DecoderBody
{
    public readonly Module<Tensor, Tensor> wte;
    public readonly ModuleList<Module<Tensor, Tensor>> h;
    public readonly Module<Tensor, Tensor> ln_f;

    public GptJTransformer(GptJPlan plan, WeightFactory make)
        : base(nameof(GptJTransformer))
    {
        wte = new Embedding(make.Matrix(plan.Vocabulary, plan.Width));
        h = [.. Enumerable.Range(0, plan.Layers).Select(_ => new GptJBlock(plan, make))];
        ln_f = make.LayerNorm(plan.Width, plan.NormEpsilon);
        RegisterComponents();
    }

    public override Module<Tensor, Tensor> Tokens => wte;

    public override ModuleList<Module<Tensor, Tensor>> Blocks => h;

    protected override Tensor Embed(Tensor ids, ForwardPass pass) => wte.call(ids);

    protected override Tensor Finish(Tensor residual) => ln_f.call(residual);
}

/// <summary>x + attention(norm x) + MLP(norm x).</summary>
internal sealed class GptJBlock : Module<Tensor, Tensor>
{
    public readonly Module<Tensor, Tensor> ln_1, attn, mlp;

    public GptJBlock(GptJPlan plan, WeightFactory make)
        : base(nameof(GptJBlock))
    {
        ln_1 = make.LayerNorm(plan.Width, plan.NormEpsilon);
        attn = new GptJAttention(plan, make);
        mlp = new Mlp(
            ("fc_in", make.Linear(plan.Width, plan.Inner, bias: true)), ("act", Activations.Make(plan.Activation)), ("fc_out", make.Linear(plan.Inner, plan.Width, bias: true)));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor normed = ln_1.call(input);
        return scope.MoveToOuter(attn.call(normed).Plus(mlp.call(normed)).Plus(input));
    }
}

internal sealed class GptJAttention : Attention
{
    public readonly Module<Tensor, Tensor> q_proj, k_proj, v_proj, out_proj;

    public GptJAttention(GptJPlan plan, WeightFactory make)
        : base(nameof(GptJAttention), new()
        {
            Heads = plan.Heads,
            KeyValueHeads = plan.Heads,
            HeadSize = plan.Width / plan.Heads,
            Scale = 1 / Math.Sqrt(plan.Width / plan.Heads),
            Rotation = plan.Rotation,
            Float32Scores = true,
        })
    {
        q_proj = make.Linear(plan.Width, plan.Width, bias: false);
        k_proj = make.Linear(plan.Width, plan.Width, bias: false);
        v_proj = make.Linear(plan.Width, plan.Width, bias: false);
        out_proj = make.Linear(plan.Width, plan.Width, bias: false);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        return scope.MoveToOuter(out_proj.call(Attend(Split(q_proj.call(input)), Split(k_proj.call(input)), Split(v_proj.call(input)))));
    }
}
