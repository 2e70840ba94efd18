using System.Security.Cryptography;
using System.Text.Json;

namespace NetHook.Interpretability.Tests;

/// <summary>Vocabularies that are in use, of up to a quarter of a million tokens. They are fetched, not kept here.</summary>
public sealed class PublishedTokenizerTests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("llama3")]
    [InlineData("qwen3")]
    [InlineData("gemma3")]
    [InlineData("mistral")]
    public void Tokenizer_does_what_the_reference_does(string name)
    {
        using var record = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(TokenizerRecord.Folder, "published", $"{name}.json")));
        string Text(string key) => record.RootElement.GetProperty(key).GetString()!;
        byte[]? content = NpmPackage.Read(Text("npm_package"), Text("version"), Text("file"));
        if (content is null)
        {
            output.WriteLine($"Not compared: npm does not reach {Text("npm_package")} {Text("version")}.");
            return;
        }

        Assert.Equal(Text("sha256"), Convert.ToHexStringLower(SHA256.HashData(content)));
        File.WriteAllBytes(_folder["tokenizer.json"], content);

        TokenizerRecord.Load("published", $"{name}.json").Check(Tokenizer.FromPretrained(_folder.Path));
    }

    public void Dispose() => _folder.Dispose();
}
