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
/// <item><c>.attn.c_attn</c>: queries, keys and values side by side; <c>.attn.attn_dropout</c>: the attention pattern
/// <c>[batch, head, to, from]</c>; <c>.attn.c_proj</c>, <c>.attn.resid_dropout</c>: the output.</item>
/// <item><c>.mlp.c_fc</c>, <c>.mlp.act</c>, <c>.mlp.c_proj</c>, <c>.mlp.dropout</c>.</item>
/// <item><c>transformer.ln_f</c>, <c>lm_head</c>.</item>
/// </list>
/// Weights named <c>c_*.weight</c> are <c>[in, out]</c>, as in OpenAI's and Hugging Face's files. A new model is in training
/// mode, as any module; call <c>eval()</c> before reading activations. Forward passes may run on several threads at once.
/// </remarks>
public sealed partial class Gpt2 : Module<Tensor, Tensor>, IResumable
{
    private const string SharedKey = "wte.weight";

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
        : this(Checked(config), new WeightFactory(config, dtype, device ?? CPU, generator: generator))
    {
    }

    private Gpt2(Gpt2Config config, WeightFactory make)
        : base(nameof(Gpt2))
    {
        Config = config;
        Layout = LayoutOf(config);
        transformer = new Gpt2Transformer(config, make);
        lm_head = config.TieWordEmbeddings
            ? new Unembedding(transformer.get_parameter(SharedKey)!, tied: true)
            : new Unembedding(make.Normal([config.VocabSize, config.NEmbd]), tied: false);
        RegisterComponents();
    }

    /// <summary>The sizes and settings the model was made with.</summary>
    public Gpt2Config Config { get; }

    /// <summary>The paths of the model's parts.</summary>
    public TransformerLayout Layout { get; }

    /// <summary>Where the weights are.</summary>
    public Device Device => parameters().First().device;

    /// <summary>Computes the logits of the next token at each position.</summary>
    /// <param name="input">Token ids, Int64 <c>[batch, tokens]</c>.</param>
    /// <returns>The logits, <c>[batch, tokens, vocabulary]</c>.</returns>
    /// <exception cref="ArgumentException">The input is not of that type and shape, is empty, is longer than
    /// <see cref="Gpt2Config.NPositions"/>, or holds an id outside the vocabulary.</exception>
    public override Tensor forward(Tensor input)
    {
        CheckTokens(input);
        using DisposeScope scope = NewDisposeScope();
        return scope.MoveToOuter(lm_head.call(transformer.call(input)));
    }

    /// <summary>
    /// Computes the logits from a block on, given the residual stream that enters it. What comes before is not run, nor what
    /// is attached to the model as a whole.
    /// </summary>
    /// <param name="block">The first block to run; <see cref="Gpt2Config.NLayer"/> runs none, only the last layer norm and the head.</param>
    /// <param name="residual">The residual stream, <c>[batch, tokens, n_embd]</c>; not changed.</param>
    /// <returns>The logits, <c>[batch, tokens, vocabulary]</c>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block.</exception>
    /// <exception cref="ArgumentException">The residual stream is not of that shape.</exception>
    public Tensor ForwardFrom(int block, Tensor residual)
    {
        ArgumentNullException.ThrowIfNull(residual);
        ArgumentOutOfRangeException.ThrowIfNegative(block);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(block, Config.NLayer);
        if (residual.dim() != 3 || residual.shape[2] != Config.NEmbd)
            throw new ArgumentException($"The residual stream of this model is [batch, tokens, {Config.NEmbd}], not [{string.Join(", ", residual.shape)}].");
        using DisposeScope scope = NewDisposeScope();
        return scope.MoveToOuter(lm_head.call(transformer.From(block, residual)));
    }

    /// <inheritdoc/>
    protected override void _toEpilog(ScalarType? dtype, Device? device, bool non_blocking)
    {
        base._toEpilog(dtype, device, non_blocking);

        // TorchSharp moves a model by replacing its parameters one module at a time, which would untie the head.
        if (Config.TieWordEmbeddings && lm_head is Unembedding head && transformer.get_parameter(SharedKey) is { } shared)
            head.Use(shared);
    }

    private static Gpt2Config Checked(Gpt2Config config)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Validate();
        return config;
    }

    private static TransformerLayout LayoutOf(Gpt2Config config) => new()
    {
        Layers = config.NLayer,
        MaxTokens = config.NPositions,
        Embedding = "transformer.wte",
        BlockPath = "transformer.h.{0}",
        AttentionPath = "transformer.h.{0}.attn",
        AttentionPatternPath = "transformer.h.{0}.attn.attn_dropout",
        MlpPath = "transformer.h.{0}.mlp",
        AddsMlpOutput = true,
        MlpKeysPath = "transformer.h.{0}.mlp.act",
        MlpProjectionPath = "transformer.h.{0}.mlp.c_proj",
        FinalNorm = "transformer.ln_f",
        Head = "lm_head",
    };

    private void CheckTokens(Tensor tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        if (tokens.dtype != ScalarType.Int64 || tokens.dim() != 2)
        {
            string advice = tokens.dtype != ScalarType.Int64 ? "convert it with to(ScalarType.Int64)"
                : tokens.dim() == 1 ? "add the batch dimension with unsqueeze(0)" : "give it two dimensions";
            throw new ArgumentException($"Gpt2 takes token ids as Int64 [batch, tokens], not {tokens.dtype} [{string.Join(", ", tokens.shape)}]: {advice}.");
        }

        if (tokens.numel() == 0)
            throw new ArgumentException($"The input [{string.Join(", ", tokens.shape)}] has no tokens: Gpt2 needs at least one.");
        if (tokens.shape[1] > Config.NPositions)
            throw new ArgumentException($"The input has {tokens.shape[1]} tokens, this model reads at most {Config.NPositions} (n_positions): shorten it.");
        if (tokens.is_meta)
            return;

        using Tensor least = tokens.min(), most = tokens.max();
        long low = least.item<long>(), high = most.item<long>();
        if (low < 0 || high >= Config.VocabSize)
            throw new ArgumentException($"Token id {(low < 0 ? low : high)} is outside the vocabulary, 0 to {Config.VocabSize - 1}: was it made by another model's tokenizer?");
    }
}

/// <summary>The embeddings, the blocks and the last layer norm: token ids in, hidden states out.</summary>
internal sealed class Gpt2Transformer : Module<Tensor, Tensor>
{
    // Parameters are listed in the order of the fields.
    public readonly Module<Tensor, Tensor> wte, wpe, drop;
    public readonly ModuleList<Module<Tensor, Tensor>> h;
    public readonly Module<Tensor, Tensor> ln_f;

    public Gpt2Transformer(Gpt2Config config, WeightFactory make)
        : base(nameof(Gpt2Transformer))
    {
        wte = new Embedding(make.Normal([config.VocabSize, config.NEmbd]));
        wpe = new Embedding(make.Normal([config.NPositions, config.NEmbd]));
        drop = Dropout(config.EmbdPdrop);
        h = [.. Enumerable.Range(0, config.NLayer).Select(layer => new Gpt2Block(config, layer, make))];
        ln_f = make.LayerNorm();
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        using Tensor positions = arange(input.shape[1], ScalarType.Int64, input.device).unsqueeze(0);
        return scope.MoveToOuter(From(0, drop.call(wte.call(input) + wpe.call(positions))));
    }

    public Tensor From(int block, Tensor residual)
    {
        foreach (Module<Tensor, Tensor> next in h.Skip(block))
            residual = next.call(residual);
        return ln_f.call(residual);
    }
}

/// <summary>One block: attention and MLP, each reading the layer-normed residual stream and adding to it.</summary>
internal sealed class Gpt2Block : Module<Tensor, Tensor>
{
    public readonly Module<Tensor, Tensor> ln_1, attn, ln_2, mlp;

    public Gpt2Block(Gpt2Config config, int layer, WeightFactory make)
        : base(nameof(Gpt2Block))
    {
        ln_1 = make.LayerNorm();
        attn = new Gpt2Attention(config, layer, make);
        ln_2 = make.LayerNorm();
        mlp = new Gpt2Mlp(config, make);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = input + attn.call(ln_1.call(input));
        return scope.MoveToOuter(x + mlp.call(ln_2.call(x)));
    }
}

/// <summary>
/// Causal multi-head self-attention, written out: libtorch's fused attention is faster on inputs of hundreds of tokens, but
/// hides the attention pattern from traces.
/// </summary>
internal sealed class Gpt2Attention : Module<Tensor, Tensor>
{
    public readonly Module<Tensor, Tensor> c_attn, c_proj, attn_dropout, resid_dropout;
    private readonly int _heads;
    private readonly double _scale;
    private readonly bool _upcast;

    public Gpt2Attention(Gpt2Config config, int layer, WeightFactory make)
        : base(nameof(Gpt2Attention))
    {
        _heads = config.NHead;
        _scale = (config.ScaleAttnWeights ? 1 / Math.Sqrt(config.NEmbd / config.NHead) : 1)
            / (config.ScaleAttnByInverseLayerIdx ? layer + 1 : 1);
        _upcast = config.ReorderAndUpcastAttn;
        c_attn = new Conv1D(make.Normal([config.NEmbd, 3 * config.NEmbd]), make.Zeros(3 * config.NEmbd));
        c_proj = new Conv1D(make.NormalIntoResidual([config.NEmbd, config.NEmbd]), make.Zeros(config.NEmbd));
        attn_dropout = Dropout(config.AttnPdrop);
        resid_dropout = Dropout(config.ResidPdrop);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        (long batch, long tokens, long width) = (input.shape[0], input.shape[1], input.shape[2]);

        // [batch, tokens, 3 * width] to three of [batch, head, tokens, width / heads].
        Tensor[] qkv = c_attn.call(input).reshape(batch, tokens, 3, _heads, width / _heads).permute(2, 0, 3, 1, 4).unbind(0);
        (Tensor query, Tensor key, Tensor value) = (qkv[0], qkv[1], qkv[2]);
        if (_upcast)
            (query, key) = (query.to(ScalarType.Float32), key.to(ScalarType.Float32));

        Tensor scores = (query * _scale).matmul(key.transpose(-2, -1));
        Tensor future = ones([tokens, tokens], ScalarType.Bool, input.device).triu(1);
        Tensor pattern = scores.masked_fill_(future, double.NegativeInfinity).softmax(-1).to(value.dtype);
        Tensor mixed = attn_dropout.call(pattern).matmul(value).transpose(1, 2).reshape(batch, tokens, width);
        return scope.MoveToOuter(resid_dropout.call(c_proj.call(mixed)));
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
        c_fc = new Conv1D(make.Normal([config.NEmbd, inner]), make.Zeros(inner));
        act = Activations.Make(config.ActivationFunction);
        c_proj = new Conv1D(make.NormalIntoResidual([inner, config.NEmbd]), make.Zeros(config.NEmbd));
        dropout = Dropout(config.ResidPdrop);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        return scope.MoveToOuter(dropout.call(c_proj.call(act.call(c_fc.call(input)))));
    }
}

/// <summary>A linear layer whose weight is <c>[in, out]</c>, the other way round than TorchSharp's Linear.</summary>
internal sealed class Conv1D : Module<Tensor, Tensor>
{
    public readonly Parameter weight, bias;

    public Conv1D(Parameter weight, Parameter bias)
        : base(nameof(Conv1D))
    {
        (this.weight, this.bias) = (weight, bias);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        long[] shape = [.. input.shape[..^1], weight.shape[1]];
        using Tensor rows = input.reshape(-1, weight.shape[0]), result = addmm(bias, rows, weight, beta: 1, alpha: 1);
        return result.view(shape);
    }
}

/// <summary>A table of vectors, one row for each id. TorchSharp's Embedding cannot be made without drawing random weights.</summary>
internal sealed class Embedding : Module<Tensor, Tensor>
{
    public readonly Parameter weight;

    public Embedding(Parameter weight)
        : base(nameof(Embedding))
    {
        this.weight = weight;
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        long[] shape = [.. input.shape, weight.shape[1]];

        // libtorch cannot select on the meta device.
        if (weight.is_meta)
            return empty(shape, weight.dtype, weight.device);
        using Tensor ids = input.reshape(-1), rows = weight.index_select(0, ids);
        return rows.view(shape);
    }
}

/// <summary>Brings each vector to mean 0 and variance 1, then scales and shifts it. TorchSharp's LayerNorm cannot run on the meta device.</summary>
internal sealed class LayerNorm : Module<Tensor, Tensor>
{
    public readonly Parameter weight, bias;
    private readonly double _epsilon;

    public LayerNorm(Parameter weight, Parameter bias, double epsilon)
        : base(nameof(LayerNorm))
    {
        (this.weight, this.bias, _epsilon) = (weight, bias, epsilon);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) =>
        input.is_meta ? empty_like(input) : functional.layer_norm(input, weight.shape, weight, bias, _epsilon);
}

/// <summary>Hidden states to logits: a linear layer without bias, whose weight may be the token embedding's.</summary>
internal sealed class Unembedding : Module<Tensor, Tensor>
{
    public Parameter weight;
    private readonly bool _tied;

    public Unembedding(Parameter weight, bool tied)
        : base(nameof(Unembedding))
    {
        (this.weight, _tied) = (weight, tied);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => functional.linear(input, weight);

    public void Use(Parameter shared)
    {
        weight = shared;
        ConditionallyRegisterParameter(nameof(weight), shared);
    }

    protected override void _toEpilog(ScalarType? dtype, Device? device, bool non_blocking)
    {
        // A shared weight is moved by its owner, and is gone by now.
        if (!_tied)
            base._toEpilog(dtype, device, non_blocking);
    }
}

/// <summary>Makes the weights of a new model. They belong to the model, not to the caller's dispose scope.</summary>
internal sealed class WeightFactory(Gpt2Config config, ScalarType dtype, Device device, bool initialize = true, Generator? generator = null)
{
    public Parameter Normal(long[] shape) => Fill(shape, config.InitializerRange);

    /// <summary>Smaller by the number of layers that write into the residual stream, so that its size does not grow with depth.</summary>
    public Parameter NormalIntoResidual(long[] shape) => Fill(shape, config.InitializerRange / Math.Sqrt(2.0 * config.NLayer));

    public Parameter Zeros(long size) => Own(zeros([size], dtype, device));

    public LayerNorm LayerNorm() => new(Own(ones([config.NEmbd], dtype, device)), Zeros(config.NEmbd), config.LayerNormEpsilon);

    private Parameter Fill(long[] shape, double deviation)
    {
        using IDisposable _ = no_grad();
        Tensor data = empty(shape, dtype, device);
        return Own(initialize ? data.normal_(0, deviation, generator) : data);
    }

    private static Parameter Own(Tensor data)
    {
        var parameter = new Parameter(data);
        parameter.DetachFromDisposeScope();
        return parameter;
    }
}
