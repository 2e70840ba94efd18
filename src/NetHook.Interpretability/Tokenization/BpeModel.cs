using System.Runtime.InteropServices;

namespace NetHook.Interpretability;

/// <summary>
/// Byte-pair encoding: a word begins as its characters, and the pair of neighbours that comes first in the list of merges
/// becomes one token, again and again (Sennrich, Haddow and Birch, 2016). Immutable.
/// </summary>
internal sealed class BpeModel
{
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _ids;
    private readonly Dictionary<(int Left, int Right), (int Rank, int Id)> _merges;
    private readonly BpeOptions _options;
    private readonly int? _unknown;
    private readonly int[]? _bytes;

    /// <param name="vocabulary">The id of each token.</param>
    /// <param name="merges">By the two tokens: the place in the list, first things first, and the token that the pair becomes.</param>
    /// <param name="options">What the file says.</param>
    public BpeModel(Dictionary<string, int> vocabulary, Dictionary<(int Left, int Right), (int Rank, int Id)> merges, BpeOptions options)
    {
        Vocabulary = vocabulary;
        _ids = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        _merges = merges;
        _options = options;
        _unknown = options.UnknownToken is null ? null : vocabulary[options.UnknownToken];
        if (options.ByteFallback)
            _bytes = [.. Enumerable.Range(0, 256).Select(value => vocabulary.GetValueOrDefault($"<0x{value:X2}>", -1))];
    }

    public Dictionary<string, int> Vocabulary { get; }

    /// <summary>Adds a word's tokens, each with the characters of the word that it stands for.</summary>
    public void Encode(ReadOnlySpan<char> word, List<BpeToken> tokens)
    {
        if (_options.IgnoreMerges && _ids.TryGetValue(word, out int whole))
        {
            tokens.Add(new(whole, 0, word.Length));
            return;
        }

        int first = tokens.Count;
        AddCharacters(word, tokens);
        if (tokens.Count - first > 1)
            Merge(tokens, first);
    }

    private void AddCharacters(ReadOnlySpan<char> word, List<BpeToken> tokens)
    {
        BpeToken? unknown = null;
        for (int i = 0, end; i < word.Length; i = end)
        {
            end = i + (char.IsHighSurrogate(word[i]) ? 2 : 1);
            if (_ids.TryGetValue(word[i..end], out int id))
            {
                if (unknown is not null)
                    tokens.Add(unknown.Value);
                unknown = null;
                tokens.Add(new(id, i, end));
            }
            else if (!AddBytes(word[i..end], i, end, tokens) && _unknown is not null)
            {
                if (unknown is not null && !_options.FuseUnknown)
                    tokens.Add(unknown.Value);
                unknown = new(_unknown.Value, unknown is not null && _options.FuseUnknown ? unknown.Value.Start : i, end);
            }
        }

        if (unknown is not null)
            tokens.Add(unknown.Value);
    }

    private bool AddBytes(ReadOnlySpan<char> character, int start, int end, List<BpeToken> tokens)
    {
        if (_bytes is null)
            return false;
        Span<byte> utf8 = stackalloc byte[4];
        utf8 = utf8[..System.Text.Encoding.UTF8.GetBytes(character, utf8)];
        foreach (byte value in utf8)
        {
            if (_bytes[value] < 0)
                return false;
        }

        foreach (byte value in utf8)
            tokens.Add(new(_bytes[value], start, end));
        return true;
    }

    /// <summary>Merges the tokens from <paramref name="first"/> on, in place.</summary>
    private void Merge(List<BpeToken> tokens, int first)
    {
        Span<BpeToken> symbols = CollectionsMarshal.AsSpan(tokens)[first..];
        int[] next = new int[symbols.Length], previous = new int[symbols.Length];
        bool[] gone = new bool[symbols.Length];
        var queue = new PriorityQueue<(int Position, int Id), long>();
        for (int i = 0; i < symbols.Length; i++)
            (previous[i], next[i]) = (i - 1, i + 1);
        for (int i = 0; i + 1 < symbols.Length; i++)
            Enqueue(queue, symbols, i, i + 1);

        while (queue.TryDequeue(out (int Position, int Id) merge, out _))
        {
            int left = merge.Position, right = next[left];

            // What was a pair when it was put in the queue may have become part of another.
            if (gone[left] || right == symbols.Length
                || !_merges.TryGetValue((symbols[left].Id, symbols[right].Id), out (int Rank, int Id) now) || now.Id != merge.Id)
            {
                continue;
            }

            symbols[left] = new(merge.Id, symbols[left].Start, symbols[right].End);
            gone[right] = true;
            next[left] = next[right];
            if (next[left] < symbols.Length)
            {
                previous[next[left]] = left;
                Enqueue(queue, symbols, left, next[left]);
            }

            if (previous[left] >= 0)
                Enqueue(queue, symbols, previous[left], left);
        }

        int kept = 0;
        for (int i = 0; i < symbols.Length; i = next[i])
            symbols[kept++] = symbols[i];
        CollectionsMarshal.SetCount(tokens, first + kept);
    }

    private void Enqueue(PriorityQueue<(int Position, int Id), long> queue, ReadOnlySpan<BpeToken> symbols, int left, int right)
    {
        if (_merges.TryGetValue((symbols[left].Id, symbols[right].Id), out (int Rank, int Id) merge))
            queue.Enqueue((left, merge.Id), ((long)merge.Rank << 32) | (uint)left);
    }
}
