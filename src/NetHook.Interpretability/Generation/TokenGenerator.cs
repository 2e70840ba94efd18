using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// Continues rows of tokens, one pass for each token. Rows keep their numbers: one that is over stays in the batch as padding, so
/// that edits by row mean the same row to the end.
/// </summary>
internal sealed class TokenGenerator : IDisposable
{
    private readonly LaidOutModel _model;
    private readonly DecoderModel? _decoder;
    private readonly KeyValueCache? _cache;
    private readonly Rotation[] _rotations;
    private readonly TokenBatch _prompts;
    private readonly List<int>[] _rows;
    private readonly TokenSampler[] _samplers;
    private readonly bool[] _over;
    private readonly HashSet<int> _stops;
    private readonly int _most;
    private int[] _cachedLengths = [];
    private int _step;

    /// <summary>Checks everything, and runs nothing.</summary>
    /// <exception cref="ArgumentException">A row is longer than the model reads, an id is none of its vocabulary, or an option is out of range.</exception>
    public TokenGenerator(LaidOutModel model, TokenBatch prompts, int maxTokens, GenerationOptions options, IReadOnlyCollection<int> stops)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxTokens);
        options.Validate(model.VocabularySize);
        model.Check(prompts.Rows);
        (_model, _decoder, _most) = (model, model.Module as DecoderModel, maxTokens);
        _prompts = TokenBatch.Of(prompts.Rows, PaddingSide.Left);
        _rows = [.. prompts.Rows.Select(row => row.ToList())];
        _samplers = [.. _rows.Select((_, row) => new TokenSampler(options, options.Seed + row))];
        _over = [.. _rows.Select(_ => maxTokens == 0)];
        _stops = [.. stops];
        _cache = _decoder is not null && options.Cache ? new() : null;
        _rotations = _cache is null ? [] : [.. _decoder!.modules().OfType<Attention>().Select(attention => attention.Rotation).OfType<Rotation>().Distinct()];
    }

    public bool IsOver => _over.All(over => over);

    /// <summary>Whether a row gets no more tokens.</summary>
    public bool IsRowOver(int row) => _over[row];

    /// <summary>Ends a row.</summary>
    public void End(int row) => _over[row] = true;

    /// <summary>What was added to a row.</summary>
    public IReadOnlyList<int> Added(int row) => _rows[row][_prompts.Rows[row].Count..];

    /// <summary>Runs one pass, and adds a token to each row that is not over.</summary>
    /// <param name="onToken">Is told of each token that is added: the row, the id, and the logits <c>[vocabulary]</c> that it was taken by.</param>
    /// <param name="cancellation">Ends the pass, before its next block.</param>
    public void Next(Action<int, int, Tensor>? onToken, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = Last(cancellation);
        _step++;
        for (int row = 0; row < _rows.Length; row++)
        {
            if (_over[row])
                continue;
            Tensor own = logits[row];
            _model.RequireFinite(own, _rows[row]);
            int id = _samplers[row].Pick(own);
            if (_over[row] = _stops.Contains(id))
                continue;
            _rows[row].Add(id);
            _over[row] = _step == _most || _rows[row].Count >= (_model.Layout.MaxTokens ?? int.MaxValue);
            onToken?.Invoke(row, id, own);
        }
    }

    public void Dispose() => _cache?.Dispose();

    /// <summary>The logits behind each row's last token, <c>[rows, vocabulary]</c>.</summary>
    private Tensor Last(CancellationToken cancellation)
    {
        if (_decoder is null)
            return LastOfOwn(cancellation);
        if (_cache is not null && HasTurned())
            _cache.Clear();
        int past = (int)(_cache?.Tokens ?? 0), width = _prompts.Length;
        int[][] rows = [.. _rows.Select(row => row.ToArray())];
        var all = new TokenBatch(rows, [.. _prompts.Rows.Select(row => width - row.Count)], width + _step, PaddingSide.Left);
        var step = new GenerationStep(_step, past, all.Length, [.. _rows.Select(_ => width)]);
        Tensor logits = _decoder.ForwardWith(_cache, all.IdsFrom(past).to(_model.Device), all, step, cancellation);
        _cachedLengths = [.. _rows.Select(row => row.Count)];
        return logits.select(1, -1);
    }

    /// <summary>A model of one's own runs all tokens, padded behind, where causal attention does not see.</summary>
    private Tensor LastOfOwn(CancellationToken cancellation)
    {
        using IDisposable? stop = _model.StopOn(cancellation);
        var all = TokenBatch.Of(_rows, PaddingSide.Right);
        PassStep? outer = PassStep.Current;
        PassStep.Current = new GenerationStep(_step, 0, all.Length, [.. _prompts.Rows.Select(row => row.Count)]);
        try
        {
            Tensor logits = _model.Logits(all);
            Tensor ends = tensor(all.Ends, [all.Count, 1, 1], device: logits.device).expand(-1, -1, logits.shape[2]);
            return logits.gather(1, ends).squeeze(1);
        }
        finally
        {
            PassStep.Current = outer;
        }
    }

    /// <summary>Whether the rows have grown to a length at which cached keys would be rotated otherwise.</summary>
    private bool HasTurned() =>
        _rotations.Any(rotation => _cachedLengths.Where((cached, row) => !rotation.Frequencies.AreSame(cached, _rows[row].Count)).Any());
}
