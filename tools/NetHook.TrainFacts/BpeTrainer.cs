using NetHook.Interpretability;

namespace NetHook.TrainFacts;

/// <summary>
/// Learns the merges of a byte-level BPE (Sennrich et al. 2016, on bytes as in Radford et al. 2019) from weighted text:
/// again and again, the pair of neighbouring tokens that occurs most often becomes a token. The same text gives the same merges.
/// </summary>
/// <param name="never">Words that stay several tokens, with the space before them.</param>
internal sealed class BpeTrainer(params IEnumerable<string> never)
{
    private readonly HashSet<string> _never = [.. never.Select(ByteAlphabet.Write)];
    private readonly SplitPattern _pattern = SplitPattern.Expression(ByteLevel.Gpt2Pattern);
    private readonly Dictionary<string, int> _counts = [];

    /// <summary>Adds text, cut into pieces as GPT-2 cuts it; merges never cross them.</summary>
    public void Add(string text, int times = 1)
    {
        foreach (string piece in _pattern.Isolate(Words.One(text)).Pieces())
            _counts[piece] = _counts.GetValueOrDefault(piece) + times;
    }

    /// <summary>The merges in the order learnt, at most <paramref name="count"/>; fewer if every piece is one token before.</summary>
    public IReadOnlyList<(string Left, string Right)> Learn(int count)
    {
        var pieces = _counts.Select(piece => (Tokens: ByteAlphabet.Write(piece.Key).Select(c => c.ToString()).ToList(), Times: piece.Value)).ToList();
        var merges = new List<(string Left, string Right)>();
        while (merges.Count < count)
        {
            var pairs = new Dictionary<(string Left, string Right), int>();
            foreach ((List<string> tokens, int times) in pieces)
            {
                foreach ((string Left, string Right) pair in tokens.Zip(tokens.Skip(1)).Where(pair => !_never.Contains(pair.First + pair.Second)))
                    pairs[pair] = pairs.GetValueOrDefault(pair) + times;
            }

            if (pairs.Count == 0)
                break;

            (string Left, string Right) best = pairs.Aggregate((a, b) => Before(b, a) ? b : a).Key;
            merges.Add(best);
            foreach ((List<string> tokens, _) in pieces)
                Merge(tokens, best);
        }

        return merges;
    }

    // Ties go to the pair that is first by characters, so that the order of the text does not matter.
    private static bool Before(KeyValuePair<(string Left, string Right), int> a, KeyValuePair<(string Left, string Right), int> b) =>
        (b.Value.CompareTo(a.Value), string.CompareOrdinal(a.Key.Left, b.Key.Left), string.CompareOrdinal(a.Key.Right, b.Key.Right)).CompareTo((0, 0, 0)) < 0;

    private static void Merge(List<string> tokens, (string Left, string Right) pair)
    {
        for (int i = 0; i + 1 < tokens.Count; i++)
        {
            if (tokens[i] == pair.Left && tokens[i + 1] == pair.Right)
            {
                tokens[i] += tokens[i + 1];
                tokens.RemoveAt(i + 1);
            }
        }
    }
}
