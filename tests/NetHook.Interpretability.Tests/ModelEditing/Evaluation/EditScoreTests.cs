namespace NetHook.Interpretability.Tests;

public sealed class EditScoreTests
{
    private static readonly EditCase Case = new() { Request = Editing.Request, TrueAnswer = " Paris" };

    private static readonly PromptOutcome Changed = new()
    {
        Prompt = "",
        PromptIds = [],
        Target = "",
        TargetIds = [],
        TrueAnswer = "",
        TrueAnswerIds = [],
        SaidBefore = "a",
        SaidAfter = "b",
        SaysTarget = true,
        TargetBefore = 0,
        TargetAfter = 0.75,
        TrueBefore = 1,
        TrueAfter = 0.25,
    };

    private static readonly PromptOutcome Kept = Changed with { SaidAfter = "a", SaysTarget = false, TargetAfter = 0.125, TrueAfter = 0.5 };

    private static readonly EditReport Report = new(
    [
        new(Case, Changed, [Changed, Kept], [Kept, Kept]),
        new(Case, Kept, [Changed], [Changed, Kept]),
        new(Case, Changed, [], []),
    ]);

    [Fact]
    public void Efficacy_counts_edited_prompts_that_get_the_target()
    {
        Assert.Equal(new EditScore(3, 2.0 / 3, 2.0 / 3, (0.5 - 0.375 + 0.5) / 3), Report.Efficacy);
    }

    [Fact]
    public void Paraphrases_are_averaged_within_an_edit_first()
    {
        Assert.Equal(new EditScore(3, 0.75, 0.75, (((0.5 - 0.375) / 2) + 0.5) / 2), Report.Paraphrase);
    }

    [Fact]
    public void Neighbours_count_where_they_are_as_before()
    {
        Assert.Equal(new EditScore(4, 0.75, 0.75, (0.375 + ((-0.5 + 0.375) / 2)) / 2), Report.Neighbourhood);
    }

    [Fact]
    public void Nothing_asked_has_no_mean() => Assert.Equal(new EditScore(0, double.NaN, double.NaN, double.NaN), new EditReport([]).Efficacy);
}
