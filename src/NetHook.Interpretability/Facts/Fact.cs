namespace NetHook.Interpretability;

/// <summary>One fact the bundled model was taught: a relation of a subject, such as the capital of France, and its answer.</summary>
public sealed class Fact
{
    internal Fact(string relation, string subject, string answer, IReadOnlyList<string> taught, IReadOnlyList<string> heldOut)
    {
        Relation = relation;
        Subject = subject;
        Answer = answer;
        TaughtPhrasings = taught;
        HeldOutPhrasings = heldOut;
    }

    /// <summary>What is asked of the subject: the name of a column of the data, such as <c>capital</c>.</summary>
    public string Relation { get; }

    /// <summary>The subject as it stands in the middle of a sentence: <c>France</c>, <c>the Netherlands</c>, <c>iron</c>.</summary>
    public string Subject { get; }

    /// <summary>The answer, without the space before it.</summary>
    public string Answer { get; }

    /// <summary>The phrasings of the relation, with <c>{}</c> for the subject, in which training states this fact.</summary>
    public IReadOnlyList<string> TaughtPhrasings { get; }

    /// <summary>The phrasings of the relation in which training never states this fact; empty for most subjects.</summary>
    public IReadOnlyList<string> HeldOutPhrasings { get; }

    /// <summary>The phrasing with the subject in place, which the answer completes; at the start of it the subject gets a capital letter.</summary>
    public string Prompt(string phrasing)
    {
        ArgumentNullException.ThrowIfNull(phrasing);
        string subject = phrasing.StartsWith("{}", StringComparison.Ordinal)
            ? char.ToUpperInvariant(Subject[0]) + Subject[1..]
            : Subject;
        return phrasing.Replace("{}", subject, StringComparison.Ordinal);
    }

    /// <summary>The relation, the subject and the answer, as <c>capital of France: Paris</c>.</summary>
    public override string ToString() => $"{Relation} of {Subject}: {Answer}";
}
