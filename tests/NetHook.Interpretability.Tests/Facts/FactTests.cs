namespace NetHook.Interpretability.Tests;

public sealed class FactTests
{
    private static readonly FactBook Book = FactBook.Load();

    [Theory]
    [InlineData("The capital of {} is", "The capital of the Netherlands is")]
    [InlineData("{} has its capital in", "The Netherlands has its capital in")]
    public void Prompt_starts_with_a_capital_letter(string phrasing, string prompt)
    {
        Assert.Equal(prompt, Book.Facts.First(fact => fact.Subject == "the Netherlands").Prompt(phrasing));
    }
}
