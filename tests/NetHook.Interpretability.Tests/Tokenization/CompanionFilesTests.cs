namespace NetHook.Interpretability.Tests;

/// <summary>The added and special tokens that are in files beside a tokenizer.</summary>
public sealed class CompanionFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly int _next = TinyVocabulary.Tokenizer.VocabularySize;

    public CompanionFilesTests() => TinyVocabulary.Tokenizer.Save(_folder.Path);

    [Fact]
    public void Added_tokens_are_tokens_of_their_own()
    {
        Write("added_tokens.json", $$"""{"<x>": {{_next}}, "<y>": {{_next + 5}}}""");

        var tokenizer = Tokenizer.FromPretrained(_folder.Path);

        Assert.Equal([.. TinyVocabulary.Tokenizer.Encode("The"), _next, _next + 5, .. TinyVocabulary.Tokenizer.Encode(" is")], tokenizer.Encode("The<x><y> is"));
        Assert.Equal("The<x><y> is", tokenizer.Decode(tokenizer.Encode("The<x><y> is")));
        Assert.Equal(_next + 2, tokenizer.VocabularySize);
        Assert.Equal(_next + 5, tokenizer.TokenId("<y>"));
    }

    [Theory]
    [InlineData("\"<x>\"")]
    [InlineData("""{"content": "<x>", "lstrip": false}""")]
    public void Special_tokens_are_left_out_of_what_is_decoded(string written)
    {
        Write("added_tokens.json", $$"""{"<x>": {{_next}}}""");
        Write("special_tokens_map.json", $$"""{"eos_token": {{written}}, "additional_special_tokens": ["<z>"]}""");

        var tokenizer = Tokenizer.FromPretrained(_folder.Path);

        Assert.Equal("a", tokenizer.Decode(tokenizer.Encode("a<x><z>")));
        Assert.Equal("a<x><z>", tokenizer.Decode(tokenizer.Encode("a<x><z>"), skipSpecialTokens: false));
        Assert.Equal(_next, tokenizer.EndOfTextId);
        Assert.Equal(_next + 1, tokenizer.TokenId("<z>"));
    }

    [Fact]
    public void Settings_of_the_tokenizer_have_a_begin_token_and_tokens_with_flags()
    {
        Write("tokenizer_config.json", $$"""
            {"tokenizer_class": "GPT2Tokenizer", "add_bos_token": true, "bos_token": "<b>", "model_max_length": 1e30,
             "added_tokens_decoder": {"{{_next}}": {"content": "<b>", "rstrip": true, "special": true, "normalized": false} } }
            """);

        var tokenizer = Tokenizer.FromPretrained(_folder.Path);

        Assert.Equal([_next, .. TinyVocabulary.Tokenizer.Encode("The")], tokenizer.Encode("The"));
        Assert.Equal(TinyVocabulary.Tokenizer.Encode("The"), tokenizer.Encode("The", addSpecialTokens: false));
        Assert.Equal([_next, .. TinyVocabulary.Tokenizer.Encode("The")], tokenizer.Encode("<b>  The", addSpecialTokens: false));
        Assert.Equal(1..2, tokenizer.TokenRange("The", "The"));
        Assert.Equal(0..1, tokenizer.TokenRange("The", "The", addSpecialTokens: false));
    }

    [Theory]
    [InlineData("added_tokens.json", "[]", null)]
    [InlineData("added_tokens.json", "{", null)]
    [InlineData("added_tokens.json", """{"<x>": "5"}""", "<x>")]
    [InlineData("added_tokens.json", """{"<x>": 0}""", "<x>")]
    [InlineData("added_tokens.json", """{"!": 9999}""", "!")]
    [InlineData("added_tokens.json", """{"<x>": 9999, "<y>": 9999}""", "<y>")]
    [InlineData("added_tokens.json", """{"<x>": 99999999999}""", "<x>")]
    [InlineData("added_tokens.json", """{"\udc00": 9999}""", null)]
    [InlineData("special_tokens_map.json", """{"eos_token": 5}""", "eos_token")]
    [InlineData("special_tokens_map.json", """{"additional_special_tokens": "x"}""", "additional_special_tokens")]
    [InlineData("tokenizer_config.json", """{"added_tokens_decoder": {"x": {"content": "<x>"}}}""", "added_tokens_decoder.x")]
    [InlineData("tokenizer_config.json", """{"added_tokens_decoder": []}""", "added_tokens_decoder")]
    [InlineData("tokenizer_config.json", """{"tokenizer_class": "Qwen2Tokenizer"}""", "tokenizer_class")]
    [InlineData("tokenizer_config.json", """{"add_bos_token": true}""", "add_bos_token")]
    public void A_damaged_file_is_refused(string file, string json, string? key)
    {
        Write(file, json);

        CheckpointException e = Assert.Throws<CheckpointException>(() => Tokenizer.FromPretrained(_folder.Path));

        Assert.Equal((_folder[file], key), (e.File, e.Key));
    }

    [Fact]
    public void Errors_name_both_tokens()
    {
        Write("added_tokens.json", """{"<x>": 0}""");

        CheckpointException e = Assert.Throws<CheckpointException>(() => Tokenizer.FromPretrained(_folder.Path));

        string other = TinyVocabulary.Vocabulary.Single(pair => pair.Value == 0).Key;
        Assert.Equal($"{_folder["added_tokens.json"]}, key '<x>': The token '<x>' has the id 0, which is that of '{other}'.", e.Message);
    }

    public void Dispose() => _folder.Dispose();

    private void Write(string file, string json) => File.WriteAllText(_folder[file], json);
}
