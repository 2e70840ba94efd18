namespace NetHook.Interpretability;

/// <summary>
/// Cuts a text into pieces of as many tokens as a model reads, and gives those of one shard in batches. Holds one batch and one window
/// of the text at a time.
/// </summary>
internal sealed class CorpusBatches
{
    private const int BatchTokens = 2048;

    private readonly LanguageModel _model;
    private readonly Corpus _text;
    private readonly Shard _shard;
    private readonly IReadOnlyList<long> _begin;
    private readonly int _length, _together;

    public CorpusBatches(LanguageModel model, Corpus text, Shard shard)
    {
        (_model, _text, _shard) = (model, text, shard);
        _begin = [.. model.Tokenizer.BeginIds.Select(id => (long)id)];
        int all = Math.Min(model.Layout.MaxTokens ?? BatchTokens, BatchTokens);
        _length = Math.Max(1, all - _begin.Count);
        _together = Math.Max(1, BatchTokens / all);
    }

    /// <summary>The batches from the first piece of the text on.</summary>
    public IEnumerable<CorpusBatch> All() => From(0, default);

    /// <summary>The batches from a piece on, as a batch before said it.</summary>
    /// <exception cref="StatisticsJobException">The text has fewer pieces than the shard's division.</exception>
    public IEnumerable<CorpusBatch> From(long piece, TokenPosition at)
    {
        if (piece * _length < at.Tokens || at.Bytes > _text.Bytes)
            throw new StatisticsJobException(_text.Name, $"{_text.Name}: The text is another than the one that was read before.");
        List<long[]> full = [];
        (long nextPiece, TokenPosition next) = (piece, at);
        foreach ((long number, long[] ids, TokenPosition behind) in Own(piece, at))
        {
            // The last piece of the text may be shorter, and goes alone.
            if (ids.Length < _length + _begin.Count && full.Count > 0)
            {
                yield return Batch(full, nextPiece, next);
                full = [];
            }

            full.Add(ids);
            (nextPiece, next) = (number + 1, behind);
            if (full.Count < _together)
                continue;
            yield return Batch(full, nextPiece, next);
            full = [];
        }

        if (full.Count > 0)
            yield return Batch(full, nextPiece, next);
    }

    private static CorpusBatch Batch(List<long[]> pieces, long next, TokenPosition at) => new(pieces, pieces.Sum(ids => ids.Length), next, at);

    /// <summary>The shard's pieces, once it is known that there are as many as shards.</summary>
    private IEnumerable<(long Number, long[] Ids, TokenPosition Next)> Own(long first, TokenPosition at)
    {
        List<(long, long[], TokenPosition)> held = [];
        long count = first;
        foreach ((long number, long[] ids, TokenPosition next) in Pieces(first, at))
        {
            count = number + 1;
            if (_shard.Holds(number))
                held.Add((number, ids, next));
            if (count < _shard.Count)
                continue;
            foreach ((long, long[], TokenPosition) piece in held)
                yield return piece;
            held.Clear();
        }

        if (count < _shard.Count)
            throw new StatisticsJobException(_text.Name, $"{_text.Name}: The text is {count} {(count == 1 ? "piece" : "pieces")} of up to {_length} tokens, not enough for {_shard.Count} {(_shard.Count == 1 ? "part" : "parts")}.");
    }

    private IEnumerable<(long Number, long[] Ids, TokenPosition Next)> Pieces(long first, TokenPosition at)
    {
        long number = first, skip = (first * _length) - at.Tokens;
        List<long> piece = [.. _begin];
        TokenPosition block = at;
        foreach ((TokenPosition start, int[] ids) in new TokenStream(_model.Tokenizer, _text).From(at))
        {
            block = start;
            int from = (int)Math.Min(ids.Length, skip);
            skip -= from;
            for (; from < ids.Length; from++)
            {
                piece.Add(ids[from]);
                if (piece.Count < _length + _begin.Count)
                    continue;
                yield return (number++, [.. piece], block);
                piece = [.. _begin];
            }
        }

        if (piece.Count > _begin.Count)
            yield return (number, [.. piece], block);
    }
}
