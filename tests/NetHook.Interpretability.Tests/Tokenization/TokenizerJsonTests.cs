using System.Text;
using System.Text.Json.Nodes;

namespace NetHook.Interpretability.Tests;

public sealed class TokenizerJsonTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("normalizer", """{"type": "Lowercase"}""", "normalizer", "The normalizer 'Lowercase' is not supported. Supported here: NFC, Prepend, Replace, Sequence.")]
    [InlineData("pre_tokenizer", """{"type": "Whitespace"}""", "pre_tokenizer", "The pre-tokenizer 'Whitespace' is not supported. Supported here: ByteLevel, Split, Metaspace, Sequence.")]
    [InlineData("pre_tokenizer", """{"type": "Sequence", "pretokenizers": [{"type": "Digits"}]}""", "pre_tokenizer.pretokenizers[0]", "The pre-tokenizer 'Digits' is not supported. Supported here: ByteLevel, Split, Metaspace, Sequence.")]
    [InlineData("post_processor", """{"type": "BertProcessing"}""", "post_processor", "The post-processor 'BertProcessing' is not supported. Supported here: ByteLevel, TemplateProcessing, Sequence.")]
    [InlineData("decoder", """{"type": "WordPiece"}""", "decoder", "The decoder 'WordPiece' is not supported. Supported here: ByteLevel, Replace, ByteFallback, Fuse, Strip, Sequence.")]
    [InlineData("model.type", "\"Unigram\"", "model.type", "The model \"Unigram\" is not supported. Supported here: BPE.")]
    [InlineData("model.dropout", "0.1", "model.dropout", "0.1 is not supported. Supported here: null.")]
    [InlineData("model.end_of_word_suffix", "\"</w>\"", "model.end_of_word_suffix", "\"</w>\" is not supported. Supported here: null, \"\".")]
    [InlineData("truncation", """{"max_length": 5}""", "truncation", "It is set, and would cut or fill each text. Set it to null.")]
    [InlineData("version", "\"2.0\"", "version", "\"2.0\" is not supported. Supported here: 1.0.")]
    [InlineData("extra", "1", "extra", "This setting is not supported. Supported here: version, truncation, padding, added_tokens, normalizer, pre_tokenizer, post_processor, decoder, model.")]
    [InlineData("model.extra", "1", "model.extra", "This setting is not supported. Supported here: type, dropout, unk_token, continuing_subword_prefix, end_of_word_suffix, fuse_unk, byte_fallback, ignore_merges, vocab, merges.")]
    [InlineData("normalizer", """{"type": "NFC", "extra": 1}""", "normalizer.extra", "This setting is not supported. Supported here: type.")]
    [InlineData("pre_tokenizer", """{"type": "Split", "pattern": {"String": " "}, "behavior": "Removed"}""", "pre_tokenizer.behavior", "'Removed' is not supported. Supported here: Isolated, MergedWithPrevious.")]
    [InlineData("pre_tokenizer", """{"type": "Split", "pattern": {"String": " "}, "behavior": "Isolated", "invert": true}""", "pre_tokenizer.invert", "true is not supported. Supported here: false.")]
    public void A_part_that_is_not_supported_is_refused_by_name(string place, string json, string key, string problem)
    {
        Write(place, json);

        CheckpointException e = Refused();

        Assert.Equal(key, e.Key);
        Assert.Equal($"{_folder["tokenizer.json"]}, key '{key}': {problem}", e.Message);
    }

    [Theory]
    [InlineData("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "(a"}, "behavior": "Isolated"}""", "pre_tokenizer.pattern.Regex")]
    [InlineData("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "[\ud840\udc00]"}, "behavior": "Isolated"}""", "pre_tokenizer.pattern.Regex")]
    [InlineData("pre_tokenizer", """{"type": "Split", "pattern": {"String": ""}, "behavior": "Isolated"}""", "pre_tokenizer.pattern.String")]
    [InlineData("normalizer", "5", "normalizer")]
    [InlineData("normalizer", """{"type": "Prepend", "prepend": 5}""", "normalizer.prepend")]
    [InlineData("normalizer", """{"type": "Prepend", "prepend": "\ud800"}""", "normalizer")]
    [InlineData("decoder", """{"type": "Strip", "content": " ", "start": 1e99, "stop": 0}""", "decoder.start")]
    [InlineData("decoder", """{"type": "Strip", "content": "ab", "start": 1, "stop": 0}""", "decoder.content")]
    [InlineData("post_processor", """{"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<x>"}}, {"Sequence": {"id": "A"}}], "special_tokens": {"<x>": {"id": "<x>", "ids": [99999], "tokens": ["<x>"]}}}""", "post_processor.special_tokens.<x>.ids[0]")]
    [InlineData("post_processor", """{"type": "TemplateProcessing", "single": [{"Sequence": {"id": "B"}}], "special_tokens": {}}""", "post_processor.single[0].Sequence")]
    [InlineData("post_processor", """{"type": "TemplateProcessing", "single": [], "special_tokens": {}}""", "post_processor.single")]
    [InlineData("added_tokens", """[{"id": 5, "content": "<new>"}]""", "added_tokens[0]")]
    [InlineData("added_tokens", """[{"id": 999, "content": "<a>"}, {"id": 999, "content": "<b>"}]""", "added_tokens[1]")]
    [InlineData("added_tokens", """[{"id": 999, "content": ""}]""", "added_tokens[0]")]
    [InlineData("added_tokens", """[{"id": 99999999999, "content": "<a>"}]""", "added_tokens[0].id")]
    [InlineData("added_tokens", "{}", "added_tokens")]
    [InlineData("model", "[]", "model")]
    [InlineData("model.vocab", "[]", "model.vocab")]
    [InlineData("model.vocab", """{"a": 1, "a": 2}""", "model.vocab")]
    [InlineData("model.vocab", """{"a": 1, "b": 1}""", "model.vocab")]
    [InlineData("model.vocab", """{"a": -1}""", "model.vocab")]
    [InlineData("model.vocab", """{"a": 99999999999}""", "model.vocab")]
    [InlineData("model.vocab", """{"a": {}}""", "model.vocab")]
    [InlineData("model.vocab", """{"\ud800": 1}""", "model.vocab")]
    [InlineData("model.merges", "{}", "model.merges")]
    [InlineData("model.merges", """["h e", "he"]""", "model.merges[1]")]
    [InlineData("model.merges", """["h e", "h zz"]""", "model.merges[1]")]
    [InlineData("model.merges", """[["h", "e", "r"]]""", "model.merges[0]")]
    [InlineData("model.merges", """[["h"]]""", "model.merges[0]")]
    [InlineData("model.merges", "[1]", "model.merges[0]")]
    [InlineData("model.merges", """["\udc00 e"]""", "model.merges")]
    [InlineData("model.unk_token", "\"<none>\"", "model.unk_token")]
    [InlineData("model.fuse_unk", "\"yes\"", "model.fuse_unk")]
    public void A_damaged_part_is_refused(string place, string json, string key)
    {
        Write(place, json);

        Assert.Equal(key, Refused().Key);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("{} {}")]
    [InlineData("{}")]
    [InlineData("""{"model": {}, "model": {}}""")]
    public void A_file_that_is_no_tokenizer_is_refused(string json)
    {
        File.WriteAllText(_folder["tokenizer.json"], json);

        Assert.Equal(_folder["tokenizer.json"], Refused().File);
    }

    [Fact]
    public void Deep_nesting_is_refused()
    {
        foreach (string place in (string[])["normalizer", "model"])
        {
            File.WriteAllText(_folder["tokenizer.json"], $$"""{"{{place}}": {{new string('[', 1_000_000)}}""");

            Refused();
        }
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_are_refused()
    {
        byte[] content = Encoding.UTF8.GetBytes(Recorded().ToJsonString());
        int token = content.AsSpan().IndexOf("endoftext"u8);
        content[token] = 0xff;
        File.WriteAllBytes(_folder["tokenizer.json"], content);

        Refused();
    }

    [Fact]
    public void An_expression_that_never_ends_is_an_error_of_the_text()
    {
        Write("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "(a|aa)+$"}, "behavior": "Isolated"}""");
        var tokenizer = Tokenizer.FromPretrained(_folder.Path);

        PromptException e = Assert.Throws<PromptException>(() => tokenizer.Encode(new string('a', 60) + "!"));

        Assert.Equal("The expression '(a|aa)+$', by which this tokenizer cuts words, took more than 5 s on this text. Use a tokenizer with another expression.", e.Message);
    }

    public void Dispose() => _folder.Dispose();

    private static JsonObject Recorded() => JsonNode.Parse(File.ReadAllBytes(Path.Combine(TokenizerRecord.Folder, "gpt2", "tokenizer.json")))!.AsObject();

    /// <summary>Writes GPT-2's small tokenizer with one part exchanged. The JSON is put in as text, since some is not valid.</summary>
    private void Write(string place, string json)
    {
        JsonObject whole = Recorded();
        string[] way = place.Split('.');
        JsonNode parent = way.Length == 1 ? whole : whole[way[0]]!;
        parent[way[^1]] = "HERE";
        File.WriteAllText(_folder["tokenizer.json"], whole.ToJsonString().Replace("\"HERE\"", json, StringComparison.Ordinal));
    }

    private CheckpointException Refused() => Assert.Throws<CheckpointException>(() => Tokenizer.FromPretrained(_folder.Path));
}
