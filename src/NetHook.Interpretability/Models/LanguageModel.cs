using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>A GPT-2 with its tokenizer: text in, text out. Owns the model.</summary>
public sealed class LanguageModel : IDisposable
{
    /// <summary>Puts a model and its tokenizer together.</summary>
    /// <param name="model">The model; disposed with this object.</param>
    /// <param name="tokenizer">The tokenizer it was trained with.</param>
    /// <exception cref="ArgumentException">The tokenizer gives ids that the model's vocabulary does not have.</exception>
    public LanguageModel(Gpt2 model, Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        if (tokenizer.LargestId >= model.Config.VocabSize)
        {
            throw new ArgumentException(
                $"The tokenizer gives ids up to {tokenizer.LargestId}, but the model's vocabulary ends at {model.Config.VocabSize - 1}: they do not belong together.");
        }

        Model = model;
        Tokenizer = tokenizer;
    }

    /// <summary>The model, in the mode it was given in: in evaluation mode when read from files.</summary>
    public Gpt2 Model { get; }

    /// <summary>The tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>
    /// Reads a folder in Hugging Face's layout: what <see cref="Gpt2.FromPretrained"/> and
    /// <see cref="Tokenizer.FromPretrained"/> read.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="dtype">The type of the model's weights, whatever the file's.</param>
    /// <param name="device">Where the weights are to be.</param>
    /// <returns>The model, in evaluation mode, and its tokenizer.</returns>
    /// <exception cref="CheckpointException">A file is missing or damaged, or files do not agree.</exception>
    public static LanguageModel FromPretrained(string folder, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        var model = Gpt2.FromPretrained(folder, dtype, device);
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
    public void SavePretrained(string folder)
    {
        Tokenizer.Save(folder);
        Model.SavePretrained(folder);
    }

    /// <summary>Encodes a prompt for the model.</summary>
    /// <param name="prompt">The prompt, of at least one token.</param>
    /// <returns>The token ids, Int64 <c>[1, tokens]</c>, where the model's weights are. The caller's, as any new tensor.</returns>
    /// <exception cref="ArgumentException">The prompt is empty, is not Unicode, or is longer than the model reads.</exception>
    public Tensor Tokens(string prompt)
    {
        ArgumentException.ThrowIfNullOrEmpty(prompt);
        return ToTensor(Tokenizer.Encode(prompt));
    }

    /// <summary>The tokens most likely to come next.</summary>
    /// <param name="prompt">The prompt, of at least one token.</param>
    /// <param name="count">How many tokens to give, at most the vocabulary.</param>
    /// <returns>The tokens, most likely first.</returns>
    /// <exception cref="ArgumentException">The prompt is empty, is not Unicode, or is longer than the model reads.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The count is less than 1 or more than the vocabulary.</exception>
    public IReadOnlyList<NextToken> NextTokens(string prompt, int count = 5)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Model.Config.VocabSize);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable _ = no_grad();
        return MostLikely(Model.call(Tokens(prompt))[0, -1], count);
    }

    /// <summary>Continues a prompt by the most likely token, again and again.</summary>
    /// <param name="prompt">The prompt, of at least one token.</param>
    /// <param name="maxTokens">The most tokens to add.</param>
    /// <returns>
    /// What was added, without the prompt. It ends earlier than asked for at <see cref="Gpt2Tokenizer.EndOfText"/>, which is
    /// left out, and where the model reads no more (<see cref="Gpt2Config.NPositions"/>).
    /// </returns>
    /// <exception cref="ArgumentException">The prompt is empty, is not Unicode, or is longer than the model reads.</exception>
    public string Generate(string prompt, int maxTokens = 20)
    {
        ArgumentException.ThrowIfNullOrEmpty(prompt);
        ArgumentOutOfRangeException.ThrowIfNegative(maxTokens);
        List<int> ids = [.. Tokenizer.Encode(prompt)];
        int start = ids.Count;
        using IDisposable _ = no_grad();
        while (ids.Count - start < maxTokens && (ids.Count < Model.Config.NPositions || ids.Count == start))
        {
            using DisposeScope scope = NewDisposeScope();
            int next = (int)Model.call(ToTensor(ids))[0, -1].argmax().item<long>();
            if (next == Tokenizer.EndOfTextId)
                break;
            ids.Add(next);
        }

        return Tokenizer.Decode(ids.Skip(start));
    }

    /// <summary>Disposes the model.</summary>
    public void Dispose() => Model.Dispose();

    /// <summary>The most likely tokens by logits <c>[vocabulary]</c>. Makes tensors in the current dispose scope.</summary>
    internal IReadOnlyList<NextToken> MostLikely(Tensor logits, int count)
    {
        (Tensor values, Tensor indices) = logits.to(ScalarType.Float64).softmax(-1).topk(count);
        return [.. indices.cpu().data<long>().Zip(values.cpu().data<double>(), (id, p) => new NextToken((int)id, Tokenizer.TextOf((int)id), p))];
    }

    private Tensor ToTensor(IReadOnlyList<int> ids) => tensor(ids.Select(id => (long)id).ToArray(), [1, ids.Count], device: Model.Device);
}
