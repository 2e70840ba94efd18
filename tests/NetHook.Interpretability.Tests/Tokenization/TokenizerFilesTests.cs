using System.Text.Json;

namespace NetHook.Interpretability.Tests;

public sealed class TokenizerFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TokenizerFilesTests() => TinyVocabulary.Tokenizer.Save(_folder.Path);

    [Fact]
    public void Files_read_back_give_the_same_tokenizer()
    {
        var read = Tokenizer.FromPretrained(_folder.Path);

        const string Text = "The capital of 日本 is<|endoftext|>";
        Assert.Equal(TinyVocabulary.Tokenizer.Encode(Text), read.Encode(Text));
        Assert.Equal(["merges.txt", "vocab.json"], Directory.GetFiles(_folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Merges_may_have_a_version_line_or_none_and_either_line_ending()
    {
        string[] lines = File.ReadAllLines(_folder["merges.txt"]);
        Assert.Equal("#version: 0.2", lines[0]);

        File.WriteAllText(_folder["merges.txt"], string.Join("\r\n", lines.Skip(1)));

        Assert.Equal(TinyVocabulary.Tokenizer.Encode("capital"), Tokenizer.FromPretrained(_folder.Path).Encode("capital"));
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        File.Delete(_folder["merges.txt"]);

        CheckpointException e = Refused("merges.txt");

        Assert.StartsWith($"{_folder["merges.txt"]}: It cannot be read: ", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", "It is not a JSON object from tokens to ids: ")]
    [InlineData("null", "It is not a JSON object from tokens to ids: it holds null.")]
    [InlineData("""{"a": 1, "a": 2}""", "It is not a JSON object from tokens to ids: ")]
    [InlineData("""{"a": "x"}""", "It is not a JSON object from tokens to ids: ")]
    [InlineData("""{"a": 1}""", "The vocabulary has no token 'Ā': it needs one for each of the 256 bytes.")]
    public void A_damaged_vocabulary_is_refused(string json, string problem)
    {
        File.WriteAllText(_folder["vocab.json"], json);

        Assert.Contains(problem, Refused("vocab.json").Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("日本", 5000, "The token '日本' is not written in GPT-2's 256 characters for bytes.")]
    [InlineData("xyz", -1, "The token 'xyz' has the id -1, which is negative or another token's.")]
    [InlineData("xyz", 0, "The token 'xyz' has the id 0, which is negative or another token's.")]
    public void A_wrong_token_is_refused(string token, int id, string problem)
    {
        Dictionary<string, int> vocabulary = new(TinyVocabulary.Vocabulary) { [token] = id };
        File.WriteAllText(_folder["vocab.json"], JsonSerializer.Serialize(vocabulary));

        Assert.Equal($"{_folder["vocab.json"]}: {problem}", Refused("vocab.json").Message);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("a b c")]
    [InlineData("z z")]
    [InlineData("日 a")]
    public void A_wrong_merge_is_refused(string merge)
    {
        File.AppendAllText(_folder["merges.txt"], merge);

        Assert.Equal(
            $"{_folder["merges.txt"]}: The merge '{merge}' is not two tokens with a space between, whose joining is a token too.",
            Refused("merges.txt").Message);
    }

    public void Dispose() => _folder.Dispose();

    private CheckpointException Refused(string file)
    {
        CheckpointException e = Assert.Throws<CheckpointException>(() => Tokenizer.FromPretrained(_folder.Path));
        Assert.Equal(_folder[file], e.File);
        return e;
    }
}
