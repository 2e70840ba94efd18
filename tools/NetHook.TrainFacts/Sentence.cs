using NetHook.Interpretability;

namespace NetHook.TrainFacts;

/// <summary>A sentence as tokens, and where in it the subject is and the answer starts; in a plain sentence, both at its end.</summary>
internal sealed record Sentence(IReadOnlyList<int> Tokens, Range Subject, int Answer)
{
    public static Sentence Plain(string text, Tokenizer tokenizer)
    {
        IReadOnlyList<int> tokens = tokenizer.Encode(text);
        return new(tokens, tokens.Count..tokens.Count, tokens.Count);
    }

    /// <summary>States a fact.</summary>
    /// <param name="fact">The fact.</param>
    /// <param name="phrasing">One of its phrasings.</param>
    /// <param name="lead">What stands before the sentence: nothing, or the space after the sentence before.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    public static Sentence Stating(Fact fact, string phrasing, string lead, Tokenizer tokenizer)
    {
        string prompt = lead + fact.Prompt(phrasing);
        int subject = lead.Length + phrasing.IndexOf("{}", StringComparison.Ordinal);
        return new(
            tokenizer.Encode($"{prompt} {fact.Answer}."),
            tokenizer.TokenRange(prompt, subject..(subject + fact.Subject.Length)),
            tokenizer.Encode(prompt).Count);
    }
}
