using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>Continues prompts, with the text of the tokens: each is given out once its text is settled.</summary>
/// <param name="model">The model.</param>
/// <param name="prompts">The prompts.</param>
/// <param name="maxTokens">The most tokens to add to each.</param>
/// <param name="options">How to choose them.</param>
/// <param name="detailed">Whether probabilities and alternatives are computed.</param>
internal sealed class TextGenerator(LanguageModel model, TokenBatch prompts, int maxTokens, GenerationOptions options, bool detailed) : IDisposable
{
    private readonly TokenGenerator _tokens = new(model.Parts, prompts, maxTokens, options, options.StopTokens ?? (model.Tokenizer.EndOfTextId is { } end ? [end] : []));
    private readonly ContinuationText[] _texts = [.. prompts.Rows.Select(row => new ContinuationText(model.Tokenizer, row, options.StopStrings))];
    private readonly List<GeneratedToken>[] _waiting = [.. prompts.Rows.Select(_ => new List<GeneratedToken>())];

    public bool IsOver => _tokens.IsOver;

    /// <summary>Runs one pass.</summary>
    /// <returns>The tokens that are settled by it, row by row.</returns>
    public IReadOnlyList<GeneratedToken> Next(CancellationToken cancellation)
    {
        _tokens.Next(Note, cancellation);
        List<GeneratedToken> settled = [];
        for (int row = 0; row < _texts.Length; row++)
        {
            List<GeneratedToken> waiting = _waiting[row];
            if (_texts[row].HasStopped)
                _tokens.End(row);
            if (waiting.Count == 0 || !(_texts[row].IsSettled || _tokens.IsRowOver(row)))
                continue;
            waiting[^1] = waiting[^1] with { Text = waiting[^1].Text + _texts[row].End() };
            settled.AddRange(waiting);
            waiting.Clear();
        }

        return settled;
    }

    /// <summary>The texts that follow the prompts.</summary>
    public IReadOnlyList<string> All(CancellationToken cancellation)
    {
        string[] texts = [.. prompts.Rows.Select(_ => "")];
        while (!IsOver)
        {
            foreach (GeneratedToken token in Next(cancellation))
                texts[token.Row] += token.Text;
        }

        return texts;
    }

    public void Dispose() => _tokens.Dispose();

    private void Note(int row, int id, Tensor logits)
    {
        using DisposeScope scope = NewDisposeScope();
        double probability = detailed ? logits.to(ScalarType.Float64).softmax(-1)[id].item<double>() : double.NaN;
        IReadOnlyList<NextToken> alternatives = detailed && options.Alternatives > 0 ? model.MostLikely(logits, Math.Min(options.Alternatives, model.VocabularySize)) : [];
        _waiting[row].Add(new(row, id, _texts[row].Add(id), probability, alternatives));
    }
}
