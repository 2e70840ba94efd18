using System.Globalization;
using NetHook.Interpretability;

namespace NetHook.TrainFacts;

/// <summary>How well a model knows the facts, as a table in Markdown: by relation, in taught and in held-out phrasings.</summary>
internal static class FactReport
{
    public static string Of(FactBook book, FactQuiz quiz)
    {
        IReadOnlyList<FactQuestion> taught = FactQuestion.Taught(book), heldOut = FactQuestion.HeldOut(book);
        IReadOnlySet<FactQuestion> right = quiz.Right([.. taught, .. heldOut]).ToHashSet();
        return string.Join('\n', (IEnumerable<string>)
        [
            "| relation | facts | taught phrasings | held-out phrasings |",
            "|---|---:|---:|---:|",
            .. book.Relations.Select(relation => Line(relation, relation)),
            Line("all", null),
        ]);

        string Line(string name, string? relation) => string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {book.Facts.Count(fact => Asked(fact, relation))} | {Share(taught, relation)} | {Share(heldOut, relation)} |");

        string Share(IReadOnlyList<FactQuestion> questions, string? relation)
        {
            FactQuestion[] asked = [.. questions.Where(question => Asked(question.Fact, relation))];
            int known = asked.Count(right.Contains);
            return string.Create(CultureInfo.InvariantCulture, $"{known} of {asked.Length} ({(double)known / asked.Length:P1})");
        }
    }

    private static bool Asked(Fact fact, string? relation) => relation is null || fact.Relation == relation;
}
