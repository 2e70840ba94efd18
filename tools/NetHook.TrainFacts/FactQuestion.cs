using NetHook.Interpretability;

namespace NetHook.TrainFacts;

/// <summary>A prompt that a fact's answer completes.</summary>
internal sealed record FactQuestion(Fact Fact, string Prompt)
{
    public static IReadOnlyList<FactQuestion> Taught(FactBook book) => [.. book.Facts.SelectMany(fact => Ask(fact, fact.TaughtPhrasings))];

    public static IReadOnlyList<FactQuestion> HeldOut(FactBook book) => [.. book.Facts.SelectMany(fact => Ask(fact, fact.HeldOutPhrasings))];

    private static IEnumerable<FactQuestion> Ask(Fact fact, IEnumerable<string> phrasings) => phrasings.Select(phrasing => new FactQuestion(fact, fact.Prompt(phrasing)));
}
