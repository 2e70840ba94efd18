namespace NetHook.Interpretability.Tests;

public sealed class TokenizerSaveTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(), _other = new();

    [Fact]
    public void Every_file_is_kept_byte_for_byte()
    {
        File.Copy(Path.Combine(TokenizerRecord.Folder, "llama2", "tokenizer.json"), _folder["tokenizer.json"]);
        File.WriteAllText(_folder["tokenizer_config.json"], "{ \"chat_template\" :\t\"x\" }\n\n");
        File.WriteAllText(_folder["special_tokens_map.json"], """{"eos_token":   "</s>"}""");
        File.WriteAllText(_folder["added_tokens.json"], """{ "<x>":9999 }""");
        File.WriteAllText(_folder["tokenizer.model"], "not read");

        Tokenizer.FromPretrained(_folder.Path).Save(_other.Path);

        Assert.Equal(Names(_folder), Names(_other));
        Assert.All(Names(_folder), name => Assert.Equal(File.ReadAllBytes(_folder[name]), File.ReadAllBytes(_other[name])));
        Assert.Equal(2, Tokenizer.FromPretrained(_other.Path).EndOfTextId);
    }

    [Fact]
    public void A_folder_with_another_tokenizer_is_refused_before_anything_is_written()
    {
        File.Copy(Path.Combine(TokenizerRecord.Folder, "llama2", "tokenizer.json"), _folder["tokenizer.json"]);

        IOException e = Assert.Throws<IOException>(() => TinyVocabulary.Tokenizer.Save(_folder.Path));

        Assert.Equal($"{_folder.Path} has tokenizer.json of another tokenizer, which would be read with this one's files. Delete it, or choose another folder.", e.Message);
        Assert.Equal(["tokenizer.json"], Names(_folder));
    }

    [Fact]
    public void Saving_again_replaces()
    {
        TinyVocabulary.Tokenizer.Save(_folder.Path);
        Tokenizer.FromPretrained(_folder.Path).Save(_folder.Path);

        Assert.Equal(TinyVocabulary.Tokenizer.Encode("The capital"), Tokenizer.FromPretrained(_folder.Path).Encode("The capital"));
    }

    public void Dispose()
    {
        _folder.Dispose();
        _other.Dispose();
    }

    private static string[] Names(TemporaryFolder folder) => [.. Directory.GetFiles(folder.Path).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];
}
