namespace NetHook.Interpretability.Tests;

public sealed class ConfigReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Path => _folder["config.json"];

    [Fact]
    public void Settings_are_read_by_type_with_defaults_and_other_names()
    {
        ConfigReader config = Read("""{"n_embd": 12, "hidden_size": 12, "num_layers": 3.0, "eps": 1e-5, "tied": true, "name": "x", "none": null, "left": 1}""");

        Assert.Equal((12, 3, 7), (config.Integer("n_embd"), config.Integer("n_layer"), config.Integer("gone", 7)));
        Assert.Equal((1e-5, true, "x"), (config.Number("eps", 1), config.Flag("tied", false), config.Text("name", "")));
        Assert.Equal(["none", "left"], config.Others.Keys);
    }

    [Theory]
    [InlineData("""{"n_embd": 1.5}""", "n_embd", "It is 1.5, expected -2147483648 to 2147483647.")]
    [InlineData("""{"n_embd": "12"}""", "n_embd", "It is \"12\", expected -2147483648 to 2147483647.")]
    [InlineData("""{"hidden_size": 99999999999}""", "hidden_size", "It is 99999999999, expected -2147483648 to 2147483647.")]
    [InlineData("""{"n_embd": 1, "hidden_size": 2}""", "hidden_size", "It is 2, but n_embd, another name of this setting, is 1. Remove one of them.")]
    [InlineData("""{"n_embd": null}""", "n_embd", "It is null, expected -2147483648 to 2147483647.")]
    [InlineData("{}", "n_embd", "It is missing, and is expected to be -2147483648 to 2147483647.")]
    [InlineData("""{"a": {"b": [1, 1e999]}}""", "a.b", "It is 1e999, which is beyond the range of a double.")]
    [InlineData("[]", null, "It is [], and a JSON object of settings is expected.")]
    public void What_a_setting_cannot_be_is_refused_by_its_name(string json, string? key, string problem)
    {
        CheckpointException e = Assert.Throws<CheckpointException>(() => Read(json).Integer("n_embd"));
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
    [InlineData("Number", "It is true, expected a number.")]
    [InlineData("Flag", "It is 2, not true or false.")]
    [InlineData("Text", "It is 2, not a text.")]
    public void Another_type_is_refused(string method, string problem)
    {
        ConfigReader config = Read("""{"Number": true, "Flag": 2, "Text": 2}""");

        CheckpointException e = Assert.Throws<CheckpointException>(() =>
        {
            _ = method switch
            {
                "Number" => (object)config.Number(method, 0),
                "Flag" => config.Flag(method, false),
                _ => config.Text(method, ""),
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
