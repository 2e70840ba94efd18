using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>Has a model write short texts, as the original does: from the beginning of a document, each token one of the likeliest few.</summary>
internal static class PrefixWriter
{
    private const int Likeliest = 5;

    public static IReadOnlyList<string> Write(LanguageModel model, IReadOnlyList<int> lengths, long seed, CancellationToken cancellation)
    {
        IReadOnlyList<int> start = Start(model.Tokenizer);
        using IDisposable _ = no_grad();
        using IDisposable? stop = model.Parts.StopOn(cancellation);
        using var generator = new Generator((ulong)seed);
        return [.. lengths.Select(tokens => Write(model, start, tokens, generator))];
    }

    /// <summary>The token that begins each text if the tokenizer has one, or else, as in GPT-2, the one that ends the text before.</summary>
    private static IReadOnlyList<int> Start(Tokenizer tokenizer) => tokenizer.Encode("") is { Count: > 0 } begin ? begin
        : tokenizer.EndOfTextId is { } end ? [end]
        : throw new PromptException("The model's tokenizer has no token that begins or ends a text, to write prefixes from. Give Prefixes.");

    private static string Write(LanguageModel model, IReadOnlyList<int> start, int tokens, Generator generator)
    {
        List<int> ids = [.. start];
        while (ids.Count < start.Count + tokens)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor logits = model.Parts.Logits(ids)[-1].cpu();
            (Tensor values, Tensor likeliest) = logits.topk(Math.Min(Likeliest, model.VocabularySize));
            Tensor choice = values.to(ScalarType.Float32).softmax(-1).multinomial(1, generator: generator);
            ids.Add((int)likeliest[choice].item<long>());
        }

        // A text ends where the model ends it.
        string text = model.Tokenizer.Decode(ids.Skip(start.Count).TakeWhile(id => id != model.Tokenizer.EndOfTextId)).Trim();
        return text.Length == 0 || text.EndsWith('.') ? text : $"{text}.";
    }
}
