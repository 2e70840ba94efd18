using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

// Batches of prompts.
public sealed partial class LanguageModel
{
    /// <summary>Encodes prompts of unequal length for the model, as one batch.</summary>
    /// <param name="prompts">The prompts, each of at least one token.</param>
    /// <param name="side">The side on which shorter prompts are padded; null is left, or right for a model that is not of this library.</param>
    /// <returns>The batch, for <see cref="Logits"/>.</returns>
    /// <exception cref="ArgumentException">There are no prompts, or one of them is empty or is not Unicode; the message says which.</exception>
    public TokenBatch Batch(IEnumerable<string> prompts, PaddingSide? side = null)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        return TokenBatch.Of(prompts.Select(Encode), side ?? (Model is DecoderModel ? PaddingSide.Left : PaddingSide.Right));
    }

    /// <summary>Computes the logits of the next token at each position of a batch, each row as if it ran alone.</summary>
    /// <param name="batch">The batch.</param>
    /// <returns>The logits, <c>[rows, tokens, vocabulary]</c>; those at padding mean nothing. The caller's, as any new tensor.</returns>
    /// <exception cref="ArgumentException">A row is longer than the model reads or has an id that is not in its vocabulary; or the model
    /// is not of this library, and rows are padded on the left.</exception>
    public Tensor Logits(TokenBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return Parts.Logits(batch);
    }

    /// <summary>Runs prompts as one batch, in one pass, and keeps what layers give.</summary>
    /// <param name="prompts">The prompts, each of at least one token.</param>
    /// <param name="layers">The layers' names, or globs over them (<see cref="LayerPattern"/>), such as <c>**.mlp</c>. Each layer returns one tensor.</param>
    /// <returns>The activations, the logits, and the batch, which says what is padding. The caller's to dispose.</returns>
    /// <remarks>Each row is what its prompt gives alone. Nothing that is computed has gradients. Edits that are attached act.</remarks>
    /// <example><code>
    /// using ActivationCache cache = model.RunWithCache(["The capital of France is", "Hello"], ["transformer.h.*"]);
    /// Tensor hello = cache.Row("transformer.h.3", 1);   // [tokens of "Hello", features]
    /// </code></example>
    /// <exception cref="ArgumentException">There are no prompts, one is empty, not Unicode or longer than the model reads; or there are no
    /// layers, or one does not return one tensor. Nothing was run.</exception>
    /// <exception cref="NoModuleMatchesException">The model has no layer of a name.</exception>
    /// <exception cref="LayerNotRunException">A layer did not run.</exception>
    public ActivationCache RunWithCache(IEnumerable<string> prompts, IEnumerable<string> layers)
    {
        ArgumentNullException.ThrowIfNull(layers);
        TokenBatch batch = Batch(prompts);
        Parts.Check(batch.Rows);
        string[] names = [.. layers.SelectMany(Find).Distinct()];
        if (names.Length == 0)
            throw new ArgumentException("No layers are named. Give names such as those of Model.ModuleNames(), or globs over them.", nameof(layers));

        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using var traces = new TraceDict(Model, names, new() { Detach = true, Scope = TraceScope.CurrentFlow });
        Tensor logits = Logits(batch);
        OrderedDictionary<string, Tensor> kept = [];
        foreach (string name in names)
            kept.Add(name, traces[name].Output);
        return new(batch, kept, logits);
    }

    private IReadOnlyList<string> Find(string pattern)
    {
        if (pattern is null)
            throw new ArgumentException("One of the layers is null. Give its name.");
        IReadOnlyList<string> all = pattern.Length == 0 ? [""] : Model.ModuleNames(pattern);
        string[] found = [.. all.Where(name => TransformerLayout.ReturnsTensor(Model.GetModule(name)))];
        return found.Length > 0 ? found : throw new ArgumentException($"'{pattern}' matches only {string.Join(", ", all)}, which gives something else than one tensor. Trace it by TraceDict.");
    }

    /// <summary>Encodes one of several prompts.</summary>
    private IReadOnlyList<int> Encode(string prompt, int number)
    {
        if (string.IsNullOrEmpty(prompt))
            throw new PromptException($"Prompt {number} is empty. Give each prompt one token at least.");
        try
        {
            return Tokenizer.Encode(prompt);
        }
        catch (PromptException e)
        {
            throw new PromptException($"Prompt {number}: {e.Message}", e);
        }
    }
}
