using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>
/// A transformer that predicts the next token, of one of the families that <see cref="Families"/> lists. Takes token ids (Int64
/// <c>[batch, tokens]</c>) and gives the logits of the next token at each position (<c>[batch, tokens, vocabulary]</c>).
/// </summary>
/// <remarks>
/// <para>Layers have the names of Hugging Face's implementation, family by family. Every part runs through <c>call()</c>, takes
/// and returns one tensor, so that a trace sees and can edit it. <see cref="Layout"/> says where the parts are.</para>
/// <para>Inside of each attention are named places: <c>queries</c>, <c>keys</c>, <c>values</c> (<c>[batch, heads, tokens, size]</c>,
/// rotated, with keys and values repeated for each head), <c>scores</c> (<c>[batch, heads, to, from]</c>, scaled and capped, not yet
/// masked), <c>pattern</c> (behind the softmax) and <c>head_outputs</c> (<c>[batch, heads, tokens, size]</c>). While nothing is
/// attached to scores and pattern, the attention runs fused, with numbers that differ in the last digits.</para>
/// <para>Forward passes may run on several threads at once.</para>
/// </remarks>
public abstract partial class DecoderModel : Module<Tensor, Tensor>, IResumable
{
    private protected DecoderModel(string name, string family, TransformerLayout layout)
        : base(name) => (Family, Layout) = (family, layout);

    /// <summary>The family, as <c>model_type</c> in <c>config.json</c> names it.</summary>
    public string Family { get; }

    /// <summary>The paths of the model's parts.</summary>
    public TransformerLayout Layout { get; }

    /// <summary>Where the weights are.</summary>
    public Device Device => parameters().First().device;

    /// <summary>The layer from ids to hidden states.</summary>
    private protected abstract Module<Tensor, Tensor> Stem { get; }

    /// <summary>The part of <see cref="Stem"/> that has the blocks; mostly the same.</summary>
    private protected abstract DecoderBody Body { get; }

    /// <summary>The layer from hidden states to logits.</summary>
    private protected abstract Module<Tensor, Tensor> Head { get; }

    /// <summary>A layer behind the head, if there is one.</summary>
    private protected virtual Module<Tensor, Tensor>? Cap => null;

    /// <summary>The setting that says how many tokens the model reads at most, for messages.</summary>
    internal virtual string LimitSetting => "max_position_embeddings";

    /// <summary>Computes the logits of the next token at each position.</summary>
    /// <param name="input">Token ids, Int64 <c>[batch, tokens]</c>.</param>
    /// <returns>The logits, <c>[batch, tokens, vocabulary]</c>.</returns>
    /// <exception cref="PromptException">The input is empty, or longer than <see cref="TransformerLayout.MaxTokens"/> of the layout.</exception>
    /// <exception cref="ArgumentException">The input is not of that type and shape, or holds an id outside the vocabulary.</exception>
    public override Tensor forward(Tensor input)
    {
        CheckTokens(input);
        using DisposeScope scope = NewDisposeScope();
        ForwardPass.Of(this, input, out IDisposable? own);
        using IDisposable? _ = own;
        return scope.MoveToOuter(Unembed(Stem.call(input)));
    }

    /// <summary>Computes the logits of the next token at each position of a batch of unequal rows, each as if it ran alone.</summary>
    /// <param name="batch">The rows.</param>
    /// <returns>The logits, <c>[rows, tokens, vocabulary]</c>; those at padding are finite and mean nothing.</returns>
    /// <remarks>
    /// The model runs once, by <c>call()</c>, so that traces see whole batches: <see cref="TokenBatch.RowRange"/> says where in a layer's
    /// output each row is. Padding reaches no row.
    /// </remarks>
    /// <exception cref="ArgumentException">A row is longer than <see cref="TransformerLayout.MaxTokens"/> of the layout, or holds an id outside
    /// the vocabulary.</exception>
    public Tensor Logits(TokenBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        using DisposeScope scope = NewDisposeScope();
        Tensor ids = batch.Ids.to(Device);
        using var pass = ForwardPass.Prepare(this, ids, batch);
        return scope.MoveToOuter(call(ids));
    }

    /// <summary>
    /// Computes the logits from a block on, given the residual stream that enters it. What comes before is not run, nor what
    /// is attached to the model as a whole.
    /// </summary>
    /// <param name="block">The first block to run; the number of blocks runs none, only the final norm and the head.</param>
    /// <param name="residual">The residual stream, <c>[batch, tokens, width]</c>; not changed.</param>
    /// <returns>The logits, <c>[batch, tokens, vocabulary]</c>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block.</exception>
    /// <exception cref="ArgumentException">The residual stream is not of that shape.</exception>
    public Tensor ForwardFrom(int block, Tensor residual)
    {
        ArgumentNullException.ThrowIfNull(residual);
        ArgumentOutOfRangeException.ThrowIfNegative(block);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(block, Layout.Layers);
        if (residual.dim() != 3 || residual.shape[2] != Width)
            throw new ArgumentException($"The residual stream of this model is [batch, tokens, {Width}], not [{string.Join(", ", residual.shape)}].");
        return ((IResumable)this).ForwardFrom(block, residual, null);
    }

    Tensor IResumable.ForwardFrom(int block, Tensor residual, TokenBatch? rows)
    {
        using DisposeScope scope = NewDisposeScope();
        using var pass = ForwardPass.Begin(residual, rows);
        return scope.MoveToOuter(Unembed(Body.From(block, residual)));
    }

    /// <summary>Runs a pass over tokens behind those of a cache, and adds theirs to it.</summary>
    /// <param name="cache">The cache, made for this model; null for tokens that nothing comes before.</param>
    /// <param name="ids">The ids of the new tokens, Int64 <c>[batch, tokens]</c>.</param>
    /// <param name="rows">The rows with the tokens of the cache, if they have padding.</param>
    /// <param name="step">The step of a generation that the pass is.</param>
    /// <param name="cancellation">Ends the pass.</param>
    /// <returns>The logits at the new tokens, <c>[batch, tokens, vocabulary]</c>.</returns>
    internal Tensor ForwardWith(KeyValueCache? cache, Tensor ids, TokenBatch? rows = null, PassStep? step = null, CancellationToken cancellation = default)
    {
        using var pass = ForwardPass.Prepare(this, ids, rows, cache, step, cancellation);
        Tensor logits = call(ids);
        cache?.Advance(ids.shape[1]);
        return logits;
    }

    /// <summary>The width of the residual stream.</summary>
    private protected abstract int Width { get; }

    /// <inheritdoc/>
    protected override void _toEpilog(ScalarType? dtype, Device? device, bool non_blocking)
    {
        base._toEpilog(dtype, device, non_blocking);

        // TorchSharp moves a model by replacing its parameters one module at a time, which would untie the head.
        if (Head is Unembedding { IsTied: true } head && Body.Tokens.get_parameter("weight") is { } shared)
            head.Use(shared);
    }

    private Tensor Unembed(Tensor hidden)
    {
        Tensor logits = Head.call(hidden);
        return Cap?.call(logits) ?? logits;
    }

    private void CheckTokens(Tensor tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        string model = GetType().Name;
        if (tokens.dtype != ScalarType.Int64 || tokens.dim() != 2)
        {
            string advice = tokens.dtype != ScalarType.Int64 ? "convert it with to(ScalarType.Int64)"
                : tokens.dim() == 1 ? "add the batch dimension with unsqueeze(0)" : "give it two dimensions";
            throw new ArgumentException($"{model} takes token ids as Int64 [batch, tokens], not {tokens.dtype} [{string.Join(", ", tokens.shape)}]: {advice}.");
        }

        if (tokens.numel() == 0)
            throw new PromptException($"The input [{string.Join(", ", tokens.shape)}] has no tokens: {model} needs at least one.");

        // Padding takes no position. A pass that is prepared knows how long the rows are, those of a cache included.
        long length = ForwardPass.LengthFor(this) ?? tokens.shape[1];
        if (length > Layout.MaxTokens)
            throw new PromptException($"The input has {length} tokens, this model reads at most {Layout.MaxTokens} ({LimitSetting}): shorten it.");
        if (tokens.is_meta)
            return;

        using Tensor least = tokens.min(), most = tokens.max();
        long low = least.item<long>(), high = most.item<long>(), vocabulary = Body.Tokens.get_parameter("weight")?.shape[0] ?? long.MaxValue;
        if (low < 0 || high >= vocabulary)
            throw new ArgumentException($"Token id {(low < 0 ? low : high)} is outside the vocabulary, 0 to {vocabulary - 1}: was it made by another model's tokenizer?");
    }
}
