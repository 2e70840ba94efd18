namespace NetHook.Interpretability.Tests;

public sealed class ConfigReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Path => _folder["config.json"];

    [Fact]
    public void Settings_are_read_by_type_with_defaults_and_other_names()
    {
        ConfigReader config = Read("""{"n_embd": 12, "hidden_size": 12, "num_layers": 3.0, "eps": 1e-5, "tied": true, "name": "x", "none": null, "list": [1], "part": {"factor": 2}, "left": 1}""");

        Assert.Equal((12, 3, 7), (config.Size("n_embd"), config.Size("n_layer"), config.Size("gone", 7)));
        Assert.Equal((1e-5, true, "x"), (config.Number("eps"), config.Flag("tied", false), config.Text("name")));
        Assert.Null(config.SizeOrNull("none"));
        Assert.Null(config.TextOrNull("missing"));
        Assert.Null(config.Part("missing"));
        Assert.Single(config.Items("list")!);
        Assert.Equal(2, config.Part("part")!.Number("factor"));
        Assert.Equal(["left"], config.Others.Keys);
        Assert.Equal(
            $"{Path}, key 'left': This setting (1) is not understood, so that the model would not be the one meant.",
            Assert.Throws<CheckpointException>(() => config.RefuseOthers([])).Message);
        config.RefuseOthers(["left"]);
    }

    [Theory]
    [InlineData("""{"n_embd": 0}""", "n_embd", "It is 0, expected 1 to 16777216.")]
    [InlineData("""{"n_embd": 1.5}""", "n_embd", "It is 1.5, expected 1 to 16777216.")]
    [InlineData("""{"n_embd": "12"}""", "n_embd", "It is \"12\", expected 1 to 16777216.")]
    [InlineData("""{"hidden_size": 99999999999}""", "hidden_size", "It is 99999999999, expected 1 to 16777216.")]
    [InlineData("""{"n_embd": 1, "hidden_size": 2}""", "hidden_size", "It is 2, but n_embd, another name of this setting, is 1. Remove one of them.")]
    [InlineData("""{"n_embd": null}""", "n_embd", "It is null, expected 1 to 16777216.")]
    [InlineData("{}", "n_embd", "It is missing, and is expected to be 1 to 16777216.")]
    [InlineData("""{"a": {"b": [1, 1e999]}}""", "a.b", "It is 1e999, which is beyond the range of a double.")]
    [InlineData("[]", null, "It is [], and a JSON object of settings is expected.")]
    public void What_a_setting_cannot_be_is_refused_by_its_name(string json, string? key, string problem)
    {
        CheckpointException e = Assert.Throws<CheckpointException>(() => Read(json).Size("n_embd"));
        Assert.Equal(key is null ? $"{Path}: {problem}" : $"{Path}, key '{key}': {problem}", e.Message);
    }

    [Theory]
    [InlineData("""{"a": 1, "a": 1}""")]
    [InlineData("""{"a": {"b": 1, "b": 2}}""")]
    [InlineData("""{"\ud800": 1}""")]
    [InlineData("""{"a": "\udc00"}""")]
    [InlineData("""{"a": 1,}""")]
    public void What_is_no_json_of_unicode_text_is_refused(string json) =>
        Assert.StartsWith($"{Path}: It is not valid JSON of Unicode text: ", Assert.Throws<CheckpointException>(() => Read(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void Nesting_and_length_have_limits()
    {
        Assert.Throws<CheckpointException>(() => Read($"{{\"a\": {new string('[', 1_000_000)}"));
        Assert.Equal(
            $"{Path}: It is 4194305 bytes long, and such a file has at most 4194304.",
            Assert.Throws<CheckpointException>(() => Read(new string(' ', (4 << 20) + 1))).Message);
    }

    [Theory]
    [InlineData("Number", "It is true, expected a number from 0 to 1.")]
    [InlineData("Flag", "It is 2, not true or false.")]
    [InlineData("Text", "It is 2, not a text.")]
    [InlineData("Part", "It is 2, and an object of settings is expected.")]
    public void Another_type_is_refused(string method, string problem)
    {
        ConfigReader config = Read("""{"Number": true, "Flag": 2, "Text": 2, "Part": 2}""");

        CheckpointException e = Assert.Throws<CheckpointException>(() =>
        {
            _ = method switch
            {
                "Number" => config.Number(method, null, 0, 1),
                "Flag" => config.Flag(method, false),
                "Text" => config.Text(method),
                _ => (object?)config.Part(method),
            };
        });
        Assert.Equal($"{Path}, key '{method}': {problem}", e.Message);
    }

    public void Dispose() => _folder.Dispose();

    private ConfigReader Read(string json)
    {
        File.WriteAllText(Path, json);
        return ConfigReader.Read(Path, new() { ["hidden_size"] = "n_embd", ["num_layers"] = "n_layer" });
    }
}
