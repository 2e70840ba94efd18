namespace NetHook.Interpretability;

/// <summary>
/// The facts that the bundled model was taught, read from the data files beside it: countries, chemical elements,
/// and the phrasings in which each relation is stated.
/// </summary>
public sealed class FactBook
{
    private FactBook(IReadOnlyList<Fact> facts, IReadOnlyList<string> filler)
    {
        Facts = facts;
        Filler = filler;
        Relations = [.. facts.Select(fact => fact.Relation).Distinct()];
    }

    /// <summary>Every fact, by subject in the order of the files, then by relation in the order of the columns.</summary>
    public IReadOnlyList<Fact> Facts { get; }

    /// <summary>The relations, in the order in which they first occur.</summary>
    public IReadOnlyList<string> Relations { get; }

    /// <summary>Plain sentences without facts, which training mixes in.</summary>
    public IReadOnlyList<string> Filler { get; }

    /// <summary>Reads <c>countries.tsv</c>, <c>elements.tsv</c>, <c>phrasings.tsv</c> and <c>filler.txt</c>.</summary>
    /// <param name="folder">Their folder; by default <c>data</c> in the bundled model's.</param>
    /// <exception cref="IOException">One of the files cannot be read.</exception>
    /// <exception cref="InvalidDataException">A field is missing, empty or one too many, a subject comes twice, or a relation lacks phrasings; the message names the file.</exception>
    public static FactBook Load(string? folder = null)
    {
        folder ??= Path.Combine(BundledModel.Folder, "data");
        var phrasings = new FactTable(Path.Combine(folder, "phrasings.tsv"));
        foreach (string[] row in phrasings.Rows.Where(row => !row[1].Contains("{}", StringComparison.Ordinal)))
            throw new InvalidDataException($"{phrasings.Path} gives '{row[0]}' the phrasing '{row[1]}', which lacks {{}} for the subject.");

        List<Fact> facts = [];
        HashSet<string> subjects = new(StringComparer.OrdinalIgnoreCase);
        foreach (string name in (string[])["countries.tsv", "elements.tsv"])
        {
            var table = new FactTable(Path.Combine(folder, name));
            foreach (string[] row in table.Rows)
            {
                int index = subjects.Count;
                if (!subjects.Add(row[0]))
                    throw new InvalidDataException($"{table.Path} names the subject '{row[0]}' a second time.");
                foreach ((string relation, string answer) in table.Columns.Zip(row).Skip(1))
                {
                    string[] all = [.. phrasings.Rows.Where(phrasing => phrasing[0] == relation).Select(phrasing => phrasing[1])];
                    if (all.Length == 0)
                        throw new InvalidDataException($"{table.Path} has a column '{relation}', for which {phrasings.Path} has no phrasing.");
                    string[] heldOut = [.. all.Where((_, i) => IsHeldOut(index, i))];
                    facts.Add(new(relation, row[0], answer, [.. all.Except(heldOut)], heldOut));
                }
            }
        }

        return new(facts, File.ReadAllLines(Path.Combine(folder, "filler.txt")));
    }

    // A quarter of the subjects never meets a third of the phrasings; which third goes round from one such subject to the next.
    private static bool IsHeldOut(int subject, int phrasing) => subject % 4 == 3 && phrasing % 3 == subject / 4 % 3;
}
