using System.Runtime.CompilerServices;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>A model with its layout: all that an analysis knows of a model. Owns nothing.</summary>
internal sealed class LaidOutModel
{
    /// <exception cref="LayoutException">The layout does not fit the model.</exception>
    public LaidOutModel(Module<Tensor, Tensor> model, TransformerLayout layout)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(layout);
        layout.Validate(model);
        (Module, Layout) = (model, layout);
        (VocabularySize, Width) = ((int)Embeddings.shape[0], (int)Embeddings.shape[1]);
    }

    public Module<Tensor, Tensor> Module { get; }

    public TransformerLayout Layout { get; }

    /// <summary>How many ids the embedding has vectors for.</summary>
    public int VocabularySize { get; }

    /// <summary>How many numbers the vector of a token has.</summary>
    public int Width { get; }

    /// <summary>Where the model takes its ids.</summary>
    public Device Device => Embeddings.device;

    /// <summary>The table of the vectors of all tokens, <c>[vocabulary, width]</c>. It may be another one once the model was moved.</summary>
    public Parameter Embeddings => Module.GetParameter(Layout.Embedding + ".weight");

    /// <summary>One row of ids as the model takes them: Int64 <c>[1, tokens]</c>.</summary>
    public Tensor Ids(IEnumerable<int> tokens)
    {
        long[] ids = [.. tokens];
        return tensor(ids, [1, ids.Length], device: Device);
    }

    /// <summary>The ids of a prompt, once it is known that the model can read them. Models of this library check what they are given themselves.</summary>
    /// <returns>Int64 <c>[1, tokens]</c>.</returns>
    /// <exception cref="PromptException">The prompt is empty, or longer than the model reads.</exception>
    /// <exception cref="ArgumentException">An id is none of its vocabulary.</exception>
    public Tensor Prompt(IReadOnlyList<int> tokens)
    {
        if (Module is not DecoderModel)
            Check([tokens]);
        return Ids(tokens);
    }

    /// <summary>Runs one prompt.</summary>
    /// <returns>The logits, <c>[tokens, vocabulary]</c>.</returns>
    /// <exception cref="ArgumentException">The model cannot read it.</exception>
    /// <exception cref="NonFiniteException">The logits behind the last token are not finite.</exception>
    public Tensor Logits(IReadOnlyList<int> tokens)
    {
        Tensor ids = Prompt(tokens), logits = Module.call(ids)[0];
        RequireFinite(logits[-1], ids);
        return logits;
    }

    /// <summary>Runs rows, each as if it ran alone.</summary>
    /// <returns>The logits, <c>[rows, tokens, vocabulary]</c>; those at padding mean nothing.</returns>
    /// <exception cref="ArgumentException">A row is longer than the model reads or has an id that is not in its vocabulary; or a model that
    /// is not of this library is given rows that are padded on the left.</exception>
    public Tensor Logits(TokenBatch batch)
    {
        if (Module is DecoderModel decoder)
            return decoder.Logits(batch);

        // By causal attention no token sees what stands behind it.
        if (batch.Side == PaddingSide.Left && batch.HasPadding)
        {
            throw new ArgumentException(
                $"{TypeNames.Of(Module)} is no model of this library, and cannot be told which tokens are padding on the left. Make the batch with PaddingSide.Right, behind each row's tokens.");
        }

        Check(batch.Rows);
        using DisposeScope scope = NewDisposeScope();
        return scope.MoveToOuter(Module.call(batch.Ids.to(Device)));
    }

    /// <summary>Finds out whether the model can read rows.</summary>
    /// <exception cref="ArgumentException">A row is empty or longer than the model reads, or an id is none of its vocabulary.</exception>
    public void Check(IReadOnlyList<IReadOnlyList<int>> rows)
    {
        if (rows.Any(row => row.Count == 0))
            throw new PromptException("There are no tokens to go on from. Give one at least.");
        string limit = Module is DecoderModel decoder ? $" ({decoder.LimitSetting})" : "";
        int longest = rows.Max(row => row.Count), largest = rows.Max(row => row.Max()), least = rows.Min(row => row.Min());
        if (longest > Layout.MaxTokens)
            throw new PromptException($"The input has {longest} tokens, this model reads at most {Layout.MaxTokens}{limit}: shorten it.");
        if (least < 0 || largest >= VocabularySize)
            throw new ArgumentException($"Token id {(least < 0 ? least : largest)} is outside the vocabulary, 0 to {VocabularySize - 1}: was it made by another model's tokenizer?");
    }

    /// <summary>Says which layer is at fault if logits that the model gave for these ids are not finite.</summary>
    /// <exception cref="NonFiniteException">They are not finite.</exception>
    public void RequireFinite(Tensor logits, Tensor ids) => RequireFinite(logits, () => ids);

    /// <inheritdoc cref="RequireFinite(Tensor, Tensor)"/>
    public void RequireFinite(Tensor logits, IEnumerable<int> tokens) => RequireFinite(logits, () => Ids(tokens));

    private void RequireFinite(Tensor logits, Func<Tensor> ids)
    {
        // A model may exclude a token by a logit of -infinity.
        using DisposeScope scope = NewDisposeScope();
        if (logits.max().isfinite().item<bool>())
            return;
        throw FirstNonFinite.In(Module, () => Module.call(ids()));
    }

    /// <summary>Goes on from a residual stream.</summary>
    /// <param name="block">The block that it enters; the number of blocks stands for behind the last one.</param>
    /// <param name="residual">The residual stream, <c>[batch, tokens, width]</c>.</param>
    /// <param name="ids">The ids that it is of, <c>[batch, tokens]</c>.</param>
    /// <param name="positions">Picks some positions, of a tensor <c>[batch, tokens, features]</c>.</param>
    /// <param name="rows">The rows that the ids are of, padded on the right if at all; null for rows without padding.</param>
    /// <returns>The logits at those positions.</returns>
    public Tensor LogitsFrom(int block, Tensor residual, Tensor ids, Func<Tensor, Tensor> positions, TokenBatch? rows = null)
    {
        if (Module is IResumable resumable)
        {
            // The head need not see positions that nobody asked for.
            using var pick = new Trace(Module, Layout.Readout[0], Quietly(input: positions));
            return resumable.ForwardFrom(block, residual, rows);
        }

        using Trace enter = block == 0
            ? new Trace(Module, Layout.Block(0), Quietly(input: InputOfFirstBlock(residual)))
            : new Trace(Module, Layout.Block(block - 1), Quietly(output: (Tensor _) => residual));
        return positions(Module.call(ids));
    }

    /// <summary>Reads a residual stream as if it were that behind the last block.</summary>
    /// <param name="residual">The residual stream, <c>[batch, tokens, width]</c>.</param>
    /// <returns>The logits, <c>[batch, tokens, vocabulary]</c>.</returns>
    public Tensor ReadOut(Tensor residual)
    {
        // forward() and not call(): what is attached to these layers was not asked about this.
        foreach (string path in Layout.Readout)
            residual = Module.GetModule<Module<Tensor, Tensor>>(path).forward(residual);
        return residual;
    }

    /// <summary>The residual stream that entered a block: what the block was given, or the first thing that it was.</summary>
    public static Tensor EnteringOf(Trace block) =>
        block.Module is Module<Tensor, Tensor> ? block.Input : (Tensor)block.InputAs<ITuple>()[0]!;

    /// <summary>Options of a trace that edits and keeps nothing, seen by the calling flow alone.</summary>
    public static TraceOptions Quietly(Delegate? input = null, Delegate? output = null) =>
        new() { EditInput = input, EditOutput = output, RetainOutput = false, Scope = TraceScope.CurrentFlow };

    /// <summary>
    /// Has each pass of the calling flow end at the next block once <paramref name="cancellation"/> is cancelled, until the result is disposed:
    /// a pass of a large model may take minutes.
    /// </summary>
    public IDisposable? StopOn(CancellationToken cancellation)
    {
        if (!cancellation.CanBeCanceled)
            return null;
        Tensor? Heed()
        {
            cancellation.ThrowIfCancellationRequested();
            return null;
        }

        return new TraceDict(Module, Enumerable.Range(0, Layout.Layers).Select(Layout.Block), Quietly(output: Heed));
    }

    private Delegate InputOfFirstBlock(Tensor residual)
    {
        if (Module.GetModule(Layout.Block(0)) is Module<Tensor, Tensor>)
            return (Tensor _) => residual;

        // A block that takes a mask or positions as well: the residual stream comes first.
        return object (ITuple input) => Activator.CreateInstance(
            input.GetType(), [residual, .. Enumerable.Range(1, input.Length - 1).Select(i => input[i])])!;
    }
}
