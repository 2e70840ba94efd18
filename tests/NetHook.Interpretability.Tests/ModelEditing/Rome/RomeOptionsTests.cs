namespace NetHook.Interpretability.Tests;

public sealed class RomeOptionsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Options_of_a_file_are_those_it_names_and_defaults()
    {
        RomeOptions options = Load("""{ "layer": 5, "learning_rate": 0.25, "prefix_lengths": [3], "prefixes": ["A."] }""");

        Assert.Equal((5, 0.25, 20), (options.Layer, options.LearningRate, options.Steps));
        Assert.Equal([3], options.PrefixLengths);
        Assert.Equal(["A."], options.Prefixes);
    }

    [Theory]
    [InlineData("""{ "layer": 5, "rate": 1 }""", "The JSON property 'rate' could not be mapped")]
    [InlineData("""{ "steps": 5 }""", "layer")]
    [InlineData("null", "It holds null where a JSON object is expected.")]
    [InlineData("layer", "It is not the JSON of ROME's options")]
    public void A_file_that_does_not_hold_options_is_refused(string text, string message)
    {
        Exception exception = Assert.ThrowsAny<CheckpointException>(() => Load(text));

        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.Contains("rome.json", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_refused() => Assert.Throws<CheckpointException>(() => RomeOptions.Load(_folder["no.json"]));

    public void Dispose() => _folder.Dispose();

    private RomeOptions Load(string text)
    {
        string path = _folder[RomeOptions.FileName];
        File.WriteAllText(path, text);
        return RomeOptions.Load(path);
    }
}
