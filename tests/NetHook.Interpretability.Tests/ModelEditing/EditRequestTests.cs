namespace NetHook.Interpretability.Tests;

public sealed class EditRequestTests
{
    [Theory]
    [InlineData("The capital of {} is", " France", "The capital of France is")]
    [InlineData("The capital of {} is", "France ", "The capital of France is")]
    [InlineData("The capital of {} is", "  France\t", "The capital of France is")]
    [InlineData("{} is a", " France", "France is a")]
    [InlineData("It is {}", "France ", "It is France")]
    [InlineData("The capital of{} is", " France", "The capital of France is")]
    [InlineData("({}) is", "New York", "(New York) is")]
    public void Spaces_around_the_subject_are_not_doubled(string prompt, string subject, string text)
    {
        var request = new EditRequest(prompt, subject, "Rome");

        (string filled, Range place) = request.Fill(prompt);

        Assert.Equal(text, request.Text);
        Assert.Equal(text, filled);
        Assert.Equal(subject.Trim(), filled[place].Trim());
    }

    [Theory]
    [InlineData("Rome", " Rome")]
    [InlineData(" Rome", " Rome")]
    public void Target_is_measured_with_one_space_before_it(string target, string measured) =>
        Assert.Equal(measured, new EditRequest("{}", "France", target).SpacedTarget);
}
