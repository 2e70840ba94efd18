using Spectre.Console;

namespace NetHook.Cli;

/// <summary>An <see cref="EditResult"/> as tables, before and after.</summary>
internal static class EditView
{
    public static void Write(IAnsiConsole console, EditResult result)
    {
        console.Line($"Edited {result.Parameter}, in {Figures.Count(result.Losses.Count, "step")} from a loss of {Figures.Real(result.Losses[0])} to {Figures.Real(result.Losses[^1])}.");
        console.Line($"p is the probability of {Tokens.Quote(result.Target)}, before and after.");
        WritePart(console, "Edited", [result.Edited]);
        WritePart(console, "Paraphrases", result.Paraphrases);
        WritePart(console, "Neighbours", result.Neighbours);
        console.Line();
        console.Line($"Efficacy {Figures.WholePercent(result.Efficacy)}, generalisation {Share(result.Generalisation)}, specificity {Share(result.Specificity)}.");
        if (result.Saved is not null)
            console.Line($"Saved to {result.Saved}.");
    }

    private static void WritePart(IAnsiConsole console, string heading, IReadOnlyList<EditedPrompt> prompts)
    {
        if (prompts.Count == 0)
            return;
        Table table = Tables.New().Texts(heading, "Before", "After").Numbers("p", "p after");
        foreach (EditedPrompt prompt in prompts)
        {
            table.Row(
                prompt.Prompt, Tokens.Quote(prompt.SaidBefore), Tokens.Quote(prompt.SaidAfter),
                Figures.Percent(prompt.TargetBefore), Figures.Percent(prompt.TargetAfter));
        }

        console.Line();
        table.Fit(console);
        console.Print(table);
    }

    private static string Share(double? share) => share is { } known ? Figures.WholePercent(known) : "not asked";
}
