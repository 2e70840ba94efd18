using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>A model with its tokenizer and its layout: text in, text out. Every analysis works on one. Owns the model.</summary>
public sealed partial class LanguageModel : IDisposable
{
    /// <summary>Puts a model and its tokenizer together.</summary>
    /// <param name="model">The model; disposed with this object.</param>
    /// <param name="tokenizer">The tokenizer it was trained with.</param>
    /// <exception cref="ArgumentException">The tokenizer gives ids that the model's vocabulary does not have.</exception>
    public LanguageModel(DecoderModel model, Tokenizer tokenizer)
        : this(model, tokenizer, (model ?? throw new ArgumentNullException(nameof(model))).Layout)
    {
    }

    /// <summary>Puts a model of your own, its tokenizer and its layout together.</summary>
    /// <param name="model">
    /// Any module that makes logits (<c>[batch, tokens, vocabulary]</c>) of token ids (Int64 <c>[batch, tokens]</c>) by causal
    /// attention, and runs its layers by <c>call()</c>. Disposed with this object; if this constructor throws, it is still yours.
    /// </param>
    /// <param name="tokenizer">The tokenizer it was trained with.</param>
    /// <param name="layout">Where the model has its parts.</param>
    /// <exception cref="LayoutException">The layout does not fit the model.</exception>
    /// <exception cref="ArgumentException">The tokenizer gives ids that the model's vocabulary does not have.</exception>
    public LanguageModel(Module<Tensor, Tensor> model, Tokenizer tokenizer, TransformerLayout layout)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        Parts = new(model, layout);
        if (tokenizer.LargestId >= VocabularySize)
        {
            throw new ArgumentException(
                $"The tokenizer gives ids up to {tokenizer.LargestId}, but the model's vocabulary ends at {VocabularySize - 1}: they do not belong together.");
        }

        Tokenizer = tokenizer;
    }

    /// <summary>The model, in the mode it was given in: in evaluation mode when read from files.</summary>
    public Module<Tensor, Tensor> Model => Parts.Module;

    /// <summary>The tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>Where the model has its parts.</summary>
    public TransformerLayout Layout => Parts.Layout;

    /// <summary>How many token ids the model knows: its tokenizer may have fewer.</summary>
    public int VocabularySize => Parts.VocabularySize;

    internal LaidOutModel Parts { get; }

    /// <summary>
    /// Reads a folder in Hugging Face's layout: what <see cref="DecoderModel.FromPretrained"/> and
    /// <see cref="Tokenizer.FromPretrained"/> read.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="dtype">The type of the model's weights, whatever the file's.</param>
    /// <param name="device">Where the weights are to be.</param>
    /// <returns>The model, in evaluation mode, and its tokenizer.</returns>
    /// <exception cref="CheckpointException">A file is missing or damaged, or files do not agree.</exception>
    public static LanguageModel FromPretrained(string folder, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        var model = DecoderModel.FromPretrained(folder, dtype, device);
        try
        {
            return new LanguageModel(model, Tokenizer.FromPretrained(folder));
        }
        catch (Exception e)
        {
            model.Dispose();
            if (e is ArgumentException)
                throw new CheckpointException(folder, null, e.Message, e);
            throw;
        }
    }

    /// <summary>Reads the small model that comes with the library, from <see cref="BundledModel.Folder"/>.</summary>
    /// <returns>The model, in evaluation mode, and its tokenizer.</returns>
    /// <exception cref="CheckpointException">The folder is missing: the program was deployed without it.</exception>
    public static LanguageModel Bundled() => FromPretrained(BundledModel.Folder);

    /// <summary>Writes the model and its tokenizer in the layout that <see cref="FromPretrained"/> reads.</summary>
    /// <param name="folder">The folder, made where it is missing.</param>
    /// <exception cref="IOException">A file cannot be written.</exception>
    /// <exception cref="InvalidOperationException">The model is of your own: nobody knows how to write its settings.</exception>
    public void SavePretrained(string folder)
    {
        if (Model is not DecoderModel model)
            throw new InvalidOperationException($"{TypeNames.Of(Model)} is no model of this library, and its settings have no file format. Save its weights with SafetensorsFile.Save.");
        Tokenizer.Save(folder);
        model.SavePretrained(folder);
    }

    /// <summary>Encodes a prompt for the model.</summary>
    /// <param name="prompt">The prompt, of at least one token.</param>
    /// <returns>The token ids, Int64 <c>[1, tokens]</c>, where the model's weights are. The caller's, as any new tensor.</returns>
    /// <exception cref="ArgumentException">The prompt is empty.</exception>
    /// <exception cref="PromptException">The prompt is not Unicode.</exception>
    public Tensor Tokens(string prompt)
    {
        ArgumentException.ThrowIfNullOrEmpty(prompt);
        return Parts.Ids(Tokenizer.Encode(prompt));
    }

    /// <summary>The tokens most likely to come next.</summary>
    /// <param name="prompt">The prompt, of at least one token.</param>
    /// <param name="count">How many tokens to give, at most the vocabulary.</param>
    /// <param name="cancellation">Ends the pass, at the next block.</param>
    /// <returns>The tokens, most likely first.</returns>
    /// <exception cref="ArgumentException">The prompt is empty.</exception>
    /// <exception cref="PromptException">The prompt is not Unicode, or is longer than the model reads.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The count is less than 1 or more than the vocabulary.</exception>
    /// <exception cref="NonFiniteException">The model's logits are not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public IReadOnlyList<NextToken> NextTokens(string prompt, int count = 5, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(prompt);
        return NextTokens(Tokenizer.Encode(prompt), count, cancellation);
    }

    /// <summary>The tokens most likely to come next.</summary>
    /// <param name="tokens">The ids of the prompt's tokens, at least one.</param>
    /// <param name="count">How many tokens to give, at most the vocabulary.</param>
    /// <param name="cancellation">Ends the pass, at the next block.</param>
    /// <returns>The tokens, most likely first. The model runs once.</returns>
    /// <exception cref="PromptException">The tokens are none, or more than the model reads.</exception>
    /// <exception cref="ArgumentException">An id is none of the model's.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The count is less than 1 or more than the vocabulary.</exception>
    /// <exception cref="NonFiniteException">The model's logits are not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public IReadOnlyList<NextToken> NextTokens(IReadOnlyList<int> tokens, int count = 5, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, VocabularySize);
        if (tokens.Count == 0)
            throw new PromptException("There are no tokens to go on from. Give one at least.");
        using DisposeScope scope = NewDisposeScope();
        using IDisposable _ = no_grad();
        using IDisposable? stop = Parts.StopOn(cancellation);
        return MostLikely(Parts.Logits(tokens)[-1], count);
    }

    /// <summary>Disposes the model.</summary>
    public void Dispose() => Model.Dispose();

    /// <summary>The most likely tokens by logits <c>[vocabulary]</c>.</summary>
    internal IReadOnlyList<NextToken> MostLikely(Tensor logits, int count) => MostLikelyOfEach(logits.unsqueeze(0), count)[0];

    /// <summary>The most likely tokens by each row of logits <c>[rows, vocabulary]</c>.</summary>
    internal IReadOnlyList<NextToken>[] MostLikelyOfEach(Tensor logits, int count)
    {
        // A few rows at a time, in memory that is used again: fresh pages for all rows in double precision cost ten times the arithmetic.
        const long RowsAtOnce = 4;
        var found = new List<IReadOnlyList<NextToken>>();
        for (long row = 0; row < logits.shape[0]; row += RowsAtOnce)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor likely = logits.narrow(0, row, Math.Min(RowsAtOnce, logits.shape[0] - row)).to(ScalarType.Float64).softmax(-1);
            (Tensor values, Tensor indices) = likely.topk(count);
            long[] ids = [.. indices.cpu().data<long>()];
            double[] probabilities = [.. values.cpu().data<double>()];
            found.AddRange(ids.Zip(probabilities, (id, p) => new NextToken((int)id, Tokenizer.TextOf((int)id), p)).Chunk(count));
        }

        return [.. found];
    }
}
