namespace NetHook.Interpretability.Tests;

/// <summary>Each form of tokenizer that the families of models have, against what the reference does with it.</summary>
public sealed class RecordedTokenizerTests
{
    [Theory]
    [InlineData("gpt2")]
    [InlineData("gpt_neox")]
    [InlineData("llama3")]
    [InlineData("qwen2")]
    [InlineData("opt")]
    [InlineData("llama2")]
    [InlineData("mistral")]
    [InlineData("phi3")]
    [InlineData("gemma")]
    public void Tokenizer_does_what_the_reference_does(string name) =>
        TokenizerRecord.Load(name, "record.json").Check(Tokenizer.FromPretrained(Path.Combine(TokenizerRecord.Folder, name)));
}
