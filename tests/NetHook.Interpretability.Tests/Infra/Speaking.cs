using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>A small random model with a tokenizer, its weights large enough for tokens to matter.</summary>
internal static class Speaking
{
    public const string Prompt = "The capital of France is";
    public const string Subject = "France";

    public static Gpt2Tokenizer Tokenizer => TinyVocabulary.Tokenizer;

    public static Gpt2Config Config { get; } = new()
    {
        VocabSize = TinyVocabulary.Tokenizer.VocabularySize,
        NPositions = 24,
        NEmbd = 12,
        NLayer = 3,
        NHead = 2,
        InitializerRange = 0.5,
    };

    public static LanguageModel Model() => new(Tiny.Model(Config), Tokenizer);

    public static Tensor Logits(LanguageModel model, string prompt) => model.Model.call(model.Tokens(prompt))[0, -1];
}
