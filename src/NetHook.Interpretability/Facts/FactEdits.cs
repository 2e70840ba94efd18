using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>Edits of facts that the bundled model knows: what to edit, what to ask before and after, and the text that ROME's statistics need.</summary>
public static class FactEdits
{
    private const string Gap = EditRequest.Gap;
    private const int MostNeighbours = 10;

    // As in training, one sentence in seven is about nothing.
    private const int SentencesToFiller = 6;

    /// <summary>Draws facts and has each changed to another answer of the same relation, as CounterFact does.</summary>
    /// <param name="book">The facts.</param>
    /// <param name="count">How many edits; the relations take turns.</param>
    /// <param name="seed">The seed. The same gives the same edits.</param>
    /// <returns>
    /// The cases. The edited prompt is a taught phrasing with the subject inside. Paraphrases are all others, taught or held out,
    /// and neighbours ten other subjects in the same phrasing, whose answer is not the target.
    /// </returns>
    public static IReadOnlyList<EditCase> Draw(FactBook book, int count, long seed = 0)
    {
        ArgumentNullException.ThrowIfNull(book);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed);
        return [.. Enumerable.Range(0, count).Select(i => Draw(book, book.Relations[i % book.Relations.Count], generator))];
    }

    /// <summary>The fact that an edit is about.</summary>
    /// <param name="book">The facts.</param>
    /// <param name="request">The edit.</param>
    /// <returns>The fact of that subject with that phrasing, or null where the book has none.</returns>
    public static Fact? FactOf(FactBook book, EditRequest request)
    {
        ArgumentNullException.ThrowIfNull(book);
        ArgumentNullException.ThrowIfNull(request);
        return book.Facts.FirstOrDefault(fact =>
            fact.Subject.Equals(request.Subject, StringComparison.OrdinalIgnoreCase) && Phrasings(fact).Contains(request.Prompt));
    }

    /// <summary>The case of an edit of someone's own choice, where it is about a fact of the book in one of its phrasings.</summary>
    /// <param name="book">The facts.</param>
    /// <param name="request">The edit.</param>
    /// <returns>The case, or null where there is no such fact or phrasing.</returns>
    public static EditCase? CaseOf(FactBook book, EditRequest request)
    {
        if (FactOf(book, request) is not { } fact)
            return null;
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(0);
        return CaseOf(book, fact, request, generator);
    }

    /// <summary>The book as a text like what the model was trained on: every fact in every taught phrasing, with plain sentences between, shuffled.</summary>
    /// <param name="book">The facts.</param>
    /// <returns>The text, the same each time.</returns>
    public static string Text(FactBook book)
    {
        ArgumentNullException.ThrowIfNull(book);
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(0);
        string[] facts = [.. book.Facts.SelectMany(fact => fact.TaughtPhrasings.Select(phrasing => $"{fact.Prompt(phrasing)} {fact.Answer}."))];
        IEnumerable<string> filler = Enumerable.Range(0, facts.Length / SentencesToFiller).Select(i => book.Filler[i % book.Filler.Count]);
        return string.Join(' ', Shuffled([.. facts, .. filler], generator));
    }

    private static EditCase Draw(FactBook book, string relation, Generator generator)
    {
        Fact[] facts = [.. book.Facts.Where(fact => fact.Relation == relation)];
        Fact fact = Shuffled(facts, generator)[0];
        string[] phrasings = [.. fact.TaughtPhrasings.Where(phrasing => !phrasing.StartsWith(Gap, StringComparison.Ordinal))];
        string[] others = [.. facts.Select(other => other.Answer).Where(answer => answer != fact.Answer).Distinct()];
        return CaseOf(book, fact, new(Shuffled(phrasings, generator)[0], fact.Subject, $" {Shuffled(others, generator)[0]}"), generator);
    }

    private static EditCase CaseOf(FactBook book, Fact fact, EditRequest request, Generator generator)
    {
        Fact[] others = [.. book.Facts.Where(other => other.Relation == fact.Relation && other.Subject != fact.Subject && $" {other.Answer}" != request.SpacedTarget)];
        return new()
        {
            Request = request,
            TrueAnswer = $" {fact.Answer}",
            Paraphrases = [.. Phrasings(fact).Where(phrasing => phrasing != request.Prompt).Select(fact.Prompt)],
            Neighbours = [.. Shuffled(others, generator).Take(MostNeighbours).Select(other => new EditNeighbour(other.Prompt(request.Prompt), $" {other.Answer}"))],
        };
    }

    private static IEnumerable<string> Phrasings(Fact fact) => fact.TaughtPhrasings.Concat(fact.HeldOutPhrasings);

    private static T[] Shuffled<T>(T[] items, Generator generator) =>
        [.. randperm(items.Length, ScalarType.Int64, generator: generator).data<long>().Select(i => items[i])];
}
