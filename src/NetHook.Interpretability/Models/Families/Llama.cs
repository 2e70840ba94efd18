using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>
/// Llama 2 and 3 (Touvron et al. 2023; Grattafiori et al. 2024): root-mean-square norms before attention and MLP, rotated
/// queries and keys, keys and values shared by groups of heads, and a gated MLP.
/// </summary>
internal class Llama : DecoderModel
{
    public readonly LlamaBody model;
    public readonly Module<Tensor, Tensor> lm_head;
    private readonly Module<Tensor, Tensor>? _cap;
    private readonly int _width;

    public Llama(LlamaPlan plan, WeightFactory make, Func<int, Module<Tensor, Tensor>>? block = null)
        : base(plan.Family, plan.Family, plan.Layout)
    {
        _width = plan.Width;
        model = new LlamaBody(plan, make, block ?? (layer => new LlamaBlock(plan, layer, make)));
        lm_head = make.Head(model.embed_tokens, plan.Tied);
        register_module(nameof(model), model);
        register_module(nameof(lm_head), lm_head);
        if (plan.LogitCap is { } cap)
            register_module(LlamaPlan.CapName, _cap = new SoftCap(cap));
    }

    private protected override Module<Tensor, Tensor> Stem => model;

    private protected override DecoderBody Body => model;

    private protected override Module<Tensor, Tensor> Head => lm_head;

    private protected override Module<Tensor, Tensor>? Cap => _cap;

    private protected override int Width => _width;

    public static Func<WeightFactory, DecoderModel> Read(ModelSettings settings)
    {
        LlamaPlan plan = LlamaPlan.Read(settings, "llama", (32000, 4096, 11008, 32, 32), trained: 2048) with
        {
            MlpBias = settings.Flag("mlp_bias", false),
        };
        bool bias = settings.Flag("attention_bias", false);
        plan = plan with { QueryBias = bias, OutputBias = bias };
        return make => new Llama(plan, make);
    }
}

internal sealed class LlamaBody : DecoderBody
{
    public readonly Module<Tensor, Tensor> embed_tokens;
    public readonly ModuleList<Module<Tensor, Tensor>> layers;
    public readonly Module<Tensor, Tensor> norm;
    private readonly double? _scale;

    public LlamaBody(LlamaPlan plan, WeightFactory make, Func<int, Module<Tensor, Tensor>> block)
        : base(nameof(LlamaBody))
    {
        _scale = plan.StreamScale;
        embed_tokens = new Embedding(make.Matrix(plan.Vocabulary, plan.Width), plan.EmbeddingScale);
        layers = [.. Enumerable.Range(0, plan.Layers).Select(block)];
        norm = plan.Norm(make);
        RegisterComponents();
    }

    public override Module<Tensor, Tensor> Tokens => embed_tokens;

    public override ModuleList<Module<Tensor, Tensor>> Blocks => layers;

    protected override Tensor Embed(Tensor ids, ForwardPass pass)
    {
        Tensor vectors = embed_tokens.call(ids);
        return _scale is { } scale ? Embedding.Scaled(vectors, scale) : vectors;
    }

    protected override Tensor Finish(Tensor residual) => norm.call(residual);
}

/// <summary>x + attention(norm x), then x + MLP(norm x).</summary>
internal sealed class LlamaBlock : Module<Tensor, Tensor>
{
    public readonly Module<Tensor, Tensor> input_layernorm, self_attn, post_attention_layernorm, mlp;

    public LlamaBlock(LlamaPlan plan, int layer, WeightFactory make)
        : base(nameof(LlamaBlock))
    {
        input_layernorm = plan.Norm(make);
        self_attn = new LlamaAttention(plan, layer, make);
        post_attention_layernorm = plan.Norm(make);
        mlp = plan.Mlp(make);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = input.Plus(self_attn.call(input_layernorm.call(input)));
        return scope.MoveToOuter(x.Plus(mlp.call(post_attention_layernorm.call(x))));
    }
}

/// <summary>Attention with a projection each for queries, keys and values; in Qwen 3 and Gemma 3 with a norm for each head.</summary>
internal sealed class LlamaAttention : Attention
{
    public readonly Module<Tensor, Tensor> q_proj, k_proj, v_proj, o_proj;
    public readonly Module<Tensor, Tensor>? q_norm, k_norm;

    public LlamaAttention(LlamaPlan plan, int layer, WeightFactory make)
        : base(nameof(LlamaAttention), plan.Attention(layer))
    {
        long all = (long)plan.Heads * plan.HeadSize, shared = (long)plan.KeyValueHeads * plan.HeadSize;
        q_proj = make.Linear(plan.Width, all, plan.QueryBias);
        k_proj = make.Linear(plan.Width, shared, plan.QueryBias);
        v_proj = make.Linear(plan.Width, shared, plan.QueryBias);
        o_proj = make.Linear(all, plan.Width, plan.OutputBias);
        if (plan.HeadNorms)
        {
            q_norm = make.RmsNorm(plan.HeadSize, plan.NormEpsilon, plan.PlusOne);
            k_norm = make.RmsNorm(plan.HeadSize, plan.NormEpsilon, plan.PlusOne);
        }

        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor query = Split(q_proj.call(input)), key = Split(k_proj.call(input)), value = Split(v_proj.call(input));
        (query, key) = (q_norm?.call(query) ?? query, k_norm?.call(key) ?? key);
        return scope.MoveToOuter(o_proj.call(Attend(query, key, value)));
    }
}
