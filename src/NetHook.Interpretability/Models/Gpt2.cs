using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>
/// GPT-2 (Radford et al. 2019), with the layer names, parameter names and parameter shapes of Hugging Face's
/// <c>GPT2LMHeadModel</c>. Takes token ids (Int64 <c>[batch, tokens]</c>) and gives the logits of the next token at each
/// position (<c>[batch, tokens, vocabulary]</c>).
/// </summary>
/// <remarks>
/// Every part runs through <c>call()</c>, takes and returns one tensor, so that a trace sees and can edit it:
/// <list type="bullet">
/// <item><c>transformer.wte</c>, <c>transformer.wpe</c>: token and position embeddings; <c>transformer.drop</c> gets their sum.</item>
/// <item><c>transformer.h.N</c>: block N; its output is the residual stream <c>[batch, tokens, n_embd]</c>.</item>
/// <item><c>transformer.h.N.attn</c>, <c>.mlp</c>: what the block adds to the residual stream, from <c>.ln_1</c> and <c>.ln_2</c>.</item>
/// <item><c>.attn.c_attn</c>: queries, keys and values side by side; <c>.attn.pattern</c>, and behind dropout
/// <c>.attn.attn_dropout</c>: the attention pattern <c>[batch, heads, to, from]</c>; <c>.attn.c_proj</c>, <c>.attn.resid_dropout</c>:
/// the output.</item>
/// <item><c>.mlp.c_fc</c>, <c>.mlp.act</c>, <c>.mlp.c_proj</c>, <c>.mlp.dropout</c>.</item>
/// <item><c>transformer.ln_f</c>, <c>lm_head</c>.</item>
/// </list>
/// Weights named <c>c_*.weight</c> are <c>[in, out]</c>, as in OpenAI's and Hugging Face's files. A new model is in training
/// mode, as any module; call <c>eval()</c> before reading activations. Forward passes may run on several threads at once.
/// </remarks>
public sealed partial class Gpt2 : DecoderModel
{
    internal readonly Gpt2Transformer transformer;
    internal readonly Module<Tensor, Tensor> lm_head;

    /// <summary>Makes a model with random weights: normal, with the deviation the settings give, as GPT-2 was started.</summary>
    /// <param name="config">The sizes and settings.</param>
    /// <param name="dtype">The type of the weights.</param>
    /// <param name="device">
    /// Where the weights are. On <c>torch.META</c> the model takes no memory: it computes shapes, and nothing else.
    /// </param>
    /// <param name="generator">What draws the weights; null is torch's own generator for the device.</param>
    /// <exception cref="ArgumentException">The settings are not those of a GPT-2; the message names the setting.</exception>
    public Gpt2(Gpt2Config config, ScalarType dtype = ScalarType.Float32, Device? device = null, Generator? generator = null)
        : this(Checked(config), new WeightFactory(dtype, device ?? CPU, config.InitializerRange, generator))
    {
    }

    private Gpt2(Gpt2Config config, WeightFactory make)
        : base(nameof(Gpt2), "gpt2", LayoutOf(config))
    {
        Config = config;
        transformer = new Gpt2Transformer(config, make);
        lm_head = make.Head(transformer.wte, config.TieWordEmbeddings);
        RegisterComponents();
    }

    /// <summary>The sizes and settings the model was made with.</summary>
    public Gpt2Config Config { get; }

    private protected override Module<Tensor, Tensor> Stem => transformer;

    private protected override DecoderBody Body => transformer;

    private protected override Module<Tensor, Tensor> Head => lm_head;

    internal override string LimitSetting => "n_positions";

    private protected override string FamilyName => "GPT-2";

    private protected override int Width => Config.NEmbd;

    private static Gpt2Config Checked(Gpt2Config config)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        return config;
    }

    private static TransformerLayout LayoutOf(Gpt2Config config) => new TransformerLayout
    {
        Layers = config.NLayer,
        MaxTokens = config.NPositions,
        Embedding = "transformer.wte",
        BlockPath = "transformer.h.{0}",
        MlpPath = "transformer.h.{0}.mlp",
        AddsMlpOutput = true,
        MlpKeysPath = "transformer.h.{0}.mlp.act",
        MlpProjectionPath = "transformer.h.{0}.mlp.c_proj",
        FinalNorm = "transformer.ln_f",
        Head = "lm_head",
    }.WithAttention("transformer.h.{0}.attn");
}

/// <summary>The embeddings, the blocks and the last layer norm: token ids in, hidden states out.</summary>
internal sealed class Gpt2Transformer : DecoderBody
{
    // Parameters are listed in the order of the fields.
    public readonly Module<Tensor, Tensor> wte, wpe, drop;
    public readonly ModuleList<Module<Tensor, Tensor>> h;
    public readonly Module<Tensor, Tensor> ln_f;

    public Gpt2Transformer(Gpt2Config config, WeightFactory make)
        : base(nameof(Gpt2Transformer))
    {
        wte = new Embedding(make.Matrix(config.VocabSize, config.NEmbd));
        wpe = new Embedding(make.Matrix(config.NPositions, config.NEmbd));
        drop = new Dropout(config.EmbdPdrop);
        h = [.. Enumerable.Range(0, config.NLayer).Select(layer => new Gpt2Block(config, layer, make))];
        ln_f = make.LayerNorm(config.NEmbd, config.LayerNormEpsilon);
        RegisterComponents();
    }

    public override Module<Tensor, Tensor> Tokens => wte;

    public override ModuleList<Module<Tensor, Tensor>> Blocks => h;

    protected override Tensor Embed(Tensor ids, ForwardPass pass) => drop.call(wte.call(ids).Plus(wpe.call(pass.Positions)));

    protected override Tensor Finish(Tensor residual) => ln_f.call(residual);
}

/// <summary>One block: attention and MLP, each reading the layer-normed residual stream and adding to it.</summary>
internal sealed class Gpt2Block : Module<Tensor, Tensor>
{
    public readonly Module<Tensor, Tensor> ln_1, attn, ln_2, mlp;

    public Gpt2Block(Gpt2Config config, int layer, WeightFactory make)
        : base(nameof(Gpt2Block))
    {
        ln_1 = make.LayerNorm(config.NEmbd, config.LayerNormEpsilon);
        attn = new Gpt2Attention(config, layer, make);
        ln_2 = make.LayerNorm(config.NEmbd, config.LayerNormEpsilon);
        mlp = new Gpt2Mlp(config, make);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = input.Plus(attn.call(ln_1.call(input)));
        return scope.MoveToOuter(x.Plus(mlp.call(ln_2.call(x))));
    }
}

/// <summary>Causal multi-head self-attention, with one projection for queries, keys and values.</summary>
internal sealed class Gpt2Attention : Attention
{
    public readonly Module<Tensor, Tensor> c_attn, c_proj, attn_dropout, resid_dropout;

    public Gpt2Attention(Gpt2Config config, int layer, WeightFactory make)
        : base(nameof(Gpt2Attention), new()
        {
            Heads = config.NHead,
            KeyValueHeads = config.NHead,
            HeadSize = config.NEmbd / config.NHead,
            Scale = (config.ScaleAttnWeights ? 1 / Math.Sqrt(config.NEmbd / config.NHead) : 1) / (config.ScaleAttnByInverseLayerIdx ? layer + 1 : 1),
            Float32Scores = config.ReorderAndUpcastAttn,
            NeverFused = config.ScaleAttnByInverseLayerIdx,
        })
    {
        c_attn = new Conv1D(make.Matrix(config.NEmbd, 3 * config.NEmbd), make.Zeros(3 * config.NEmbd));
        c_proj = new Conv1D(make.Matrix(config.NEmbd, config.NEmbd, config.IntoResidual), make.Zeros(config.NEmbd));
        attn_dropout = new Dropout(config.AttnPdrop);
        resid_dropout = new Dropout(config.ResidPdrop);
        RegisterComponents();
    }

    protected override Module<Tensor, Tensor> PatternDropout => attn_dropout;

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] qkv = c_attn.call(input).chunk(3, -1);
        return scope.MoveToOuter(resid_dropout.call(c_proj.call(Attend(Split(qkv[0]), Split(qkv[1]), Split(qkv[2])))));
    }
}

/// <summary>Two layers with an activation between, at each token by itself.</summary>
internal sealed class Gpt2Mlp : Module<Tensor, Tensor>
{
    public readonly Module<Tensor, Tensor> c_fc, act, c_proj, dropout;

    public Gpt2Mlp(Gpt2Config config, WeightFactory make)
        : base(nameof(Gpt2Mlp))
    {
        int inner = config.NInner ?? 4 * config.NEmbd;
        c_fc = new Conv1D(make.Matrix(config.NEmbd, inner), make.Zeros(inner));
        act = Activations.Make(config.ActivationFunction);
        c_proj = new Conv1D(make.Matrix(inner, config.NEmbd, config.IntoResidual), make.Zeros(config.NEmbd));
        dropout = new Dropout(config.ResidPdrop);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        return scope.MoveToOuter(dropout.call(c_proj.call(act.call(c_fc.call(input)))));
    }
}
