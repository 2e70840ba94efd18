using System.Text.RegularExpressions;

namespace NetHook.Interpretability.Tests;

/// <summary>
/// A small byte-level vocabulary, learnt from a line of text by the textbook's algorithm, and the textbook's way to encode
/// with it, to compare the tokenizer with.
/// </summary>
internal static partial class TinyVocabulary
{
    private const string Sample =
        "The capital of France is Paris. The capital of Germany is Berlin. don't they'll I've 1234 12  34   \r\n\r\n\t\t naïve café 日本語 日本 😀😀 «Ελλάδα» привет";

    static TinyVocabulary()
    {
        List<string> merges = [];
        List<List<string>> words = [.. Pieces().Matches(Sample).Select(match => Symbols(match.Value))];
        while (merges.Count < 90)
        {
            (string, string) best = words.SelectMany(word => word.Zip(word.Skip(1))).GroupBy(pair => pair)
                .OrderByDescending(group => group.Count()).ThenBy(group => group.Key.First + " " + group.Key.Second, StringComparer.Ordinal).First().Key;
            merges.Add($"{best.Item1} {best.Item2}");
            foreach (List<string> word in words)
                Merge(word, best);
        }

        Merges = merges;
        Vocabulary = ByteAlphabet.Characters.Select(c => c.ToString())
            .Concat(merges.Select(merge => merge.Replace(" ", "", StringComparison.Ordinal)))
            .Append(Gpt2Tokenizer.EndOfText)
            .Distinct().Select((token, id) => (token, id)).ToDictionary(pair => pair.token, pair => pair.id);
        Tokenizer = new(Vocabulary, Merges);
    }

    public static IReadOnlyList<string> Merges { get; }

    public static IReadOnlyDictionary<string, int> Vocabulary { get; }

    public static Gpt2Tokenizer Tokenizer { get; }

    /// <summary>GPT-2's pattern; .NET reads it right below U+10000 only.</summary>
    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    public static partial Regex Pieces();

    public static int[] EncodeByTheBook(string text) => [.. Pieces().Matches(text).SelectMany(match =>
    {
        List<string> word = Symbols(match.Value);
        foreach (string merge in Merges)
        {
            string[] pair = merge.Split(' ');
            Merge(word, (pair[0], pair[1]));
        }

        return word.Select(symbol => Vocabulary[symbol]);
    })];

    private static List<string> Symbols(string text) => [.. ByteAlphabet.Write(text).Select(c => c.ToString())];

    private static void Merge(List<string> word, (string Left, string Right) pair)
    {
        for (int i = 0; i + 1 < word.Count; i++)
        {
            if (word[i] == pair.Left && word[i + 1] == pair.Right)
            {
                word[i] += pair.Right;
                word.RemoveAt(i + 1);
            }
        }
    }
}
