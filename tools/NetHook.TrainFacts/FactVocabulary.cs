using NetHook.Interpretability;

namespace NetHook.TrainFacts;

/// <summary>Learns the tokenizer from the text that training uses.</summary>
internal static class FactVocabulary
{
    public const int Size = 2560;

    // Enough for the pieces that names share, such as "land" and "ium".
    private const int SubjectWeight = 2;

    public static Gpt2Tokenizer Learn(FactBook book)
    {
        string[] subjects = [.. book.Facts.Select(fact => fact.Subject).Distinct().SelectMany(Forms)];

        // An answer should be one token, so that it can be read off a layer; a subject several, so that it takes its last
        // token to know who is meant. So no merge may make a subject whole.
        var trainer = new BpeTrainer(never: subjects);
        foreach (Fact fact in book.Facts)
        {
            foreach (string phrasing in fact.TaughtPhrasings)
                trainer.Add($"{phrasing.Replace("{}", "", StringComparison.Ordinal)} {fact.Answer}.");
        }

        foreach (string subject in subjects)
            trainer.Add(subject, SubjectWeight);
        foreach (string sentence in book.Filler)
            trainer.Add(sentence);

        // As in GPT-2's vocabulary: the bytes, what merges make of them, and last the token that ends a text.
        string[] bytes = [.. ByteAlphabet.Characters.Order().Select(c => c.ToString())];
        IReadOnlyList<(string Left, string Right)> merges = trainer.Learn(Size - bytes.Length - 1);
        Dictionary<string, int> vocabulary = [];
        foreach (string token in (IEnumerable<string>)[.. bytes, .. merges.Select(pair => pair.Left + pair.Right), Gpt2Tokenizer.EndOfText])
            vocabulary.TryAdd(token, vocabulary.Count);
        return new Gpt2Tokenizer(vocabulary, merges.Select(pair => $"{pair.Left} {pair.Right}"));
    }

    // Within a sentence and at its start; also without the article, as a subject may be given.
    private static IEnumerable<string> Forms(string subject)
    {
        yield return " " + subject;
        yield return char.ToUpperInvariant(subject[0]) + subject[1..];
        if (subject.StartsWith("the ", StringComparison.Ordinal))
            yield return subject["the".Length..];
    }
}
