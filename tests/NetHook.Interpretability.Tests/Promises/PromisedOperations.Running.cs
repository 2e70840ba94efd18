using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

// Passes of language models, batches and generations.
internal static partial class PromisedOperations
{
    private static readonly string[] _prompts = ["The capital of France", "The"];

    private static IEnumerable<Promised> Running =>
    [
        new("DecoderModel.forward(Tensor)", s => _ => s.Gpt2.forward(s.Ids).Dispose(), s => s.Gpt2.forward(s.Input), s => s.Gpt2.forward(s.Own(tensor([-1L], [1, 1])))),
        new("DecoderModel.Logits(TokenBatch)", s => _ => s.Gpt2.Logits(Batch).Dispose(), s => s.Gpt2.Logits(TokenBatch.Of([[1, 2], [99_999]]))),
        new(
            "DecoderModel.ForwardFrom(int, Tensor)",
            s =>
            {
                Tensor residual = s.Own(ones(1, 3, 12));
                return _ => s.Gpt2.ForwardFrom(1, residual).Dispose();
            },
            s => s.Gpt2.ForwardFrom(9, s.Own(ones(1, 3, 12))),
            s => s.Gpt2.ForwardFrom(1, s.Input)),
        new(
            "DecoderModel.Generate(IReadOnlyList<int>, int, GenerationOptions, CancellationToken)",
            s => cancellation => s.Gpt2.Generate([1, 2, 3], 3, Endless, cancellation),
            s => s.Gpt2.Generate([], 3),
            s => s.Gpt2.Generate([1, 2], -1)),
        new(
            "DecoderModel.Generate(TokenBatch, int, GenerationOptions, CancellationToken)",
            s => cancellation => s.Gpt2.Generate(Batch, 3, Endless with { Cache = false }, cancellation),
            s => s.Gpt2.Generate(Batch, 3, new() { TopP = 2 })),
        new("LanguageModel.Batch(IEnumerable<string>, PaddingSide?)", s => _ => s.Language.Batch(_prompts), s => s.Language.Batch(["The", ""])),
        new("LanguageModel.Tokens(string)", s => _ => s.Language.Tokens("The capital").Dispose(), s => s.Language.Tokens("")),
        new("LanguageModel.Logits(TokenBatch)", s => _ => s.Language.Logits(s.Language.Batch(_prompts)).Dispose(), s => s.Language.Logits(TokenBatch.Of([[1], [99_999]])), s => s.Language.Logits(TokenBatch.Of([[1], [.. Enumerable.Repeat(1, 99)]], PaddingSide.Right))),
        new(
            "LanguageModel.RunWithCache(IEnumerable<string>, IEnumerable<string>)",
            s => _ => s.Language.RunWithCache(_prompts, [$"{s.Layer}.**", "**.mlp"]).Dispose(),
            s => s.Language.RunWithCache(_prompts, [s.Layer, "nowhere"]),
            s => s.Language.RunWithCache(["The", ""], [s.Layer])),
        new(
            "LanguageModel.NextTokens(string, int, CancellationToken)",
            s => cancellation => s.Language.NextTokens(Speaking.Prompt, 2, cancellation),
            s => s.Language.NextTokens("", 2),
            s => s.Language.NextTokens("The", 0)),
        new(
            "LanguageModel.NextTokens(IReadOnlyList<int>, int, CancellationToken)",
            s => cancellation => s.Language.NextTokens([1, 2, 3], 2, cancellation),
            s => s.Language.NextTokens([99_999], 2),
            s => s.Language.NextTokens([-1], 2),
            s => s.Language.NextTokens([.. Enumerable.Repeat(1, 99)], 2)),
        new(
            "LanguageModel.Generate(string, int, GenerationOptions, CancellationToken)",
            s => cancellation => s.Language.Generate("The capital", 3, Endless, cancellation),
            s => s.Language.Generate(""),
            s => s.Language.Generate("The", 3, new() { Temperature = -1 })),
        new(
            "LanguageModel.Generate(IEnumerable<string>, int, GenerationOptions, CancellationToken)",
            s => cancellation => s.Language.Generate(_prompts, 3, Endless, cancellation),
            s => s.Language.Generate(["The", ""])),
        new(
            "LanguageModel.GenerateStream(string, int, GenerationOptions, CancellationToken)",
            s => cancellation => Count(s.Language.GenerateStream("The capital", 3, Endless, cancellation)),
            s => s.Language.GenerateStream("")),
        new(
            "LanguageModel.GenerateStream(IEnumerable<string>, int, GenerationOptions, CancellationToken)",
            s => cancellation => Count(s.Language.GenerateStream(_prompts, 3, Endless, cancellation)),
            s => s.Language.GenerateStream(["The", ""])),
    ];

    private static GenerationOptions Endless { get; } = new() { StopTokens = [], Temperature = 1, Alternatives = 2 };

    private static TokenBatch Batch { get; } = TokenBatch.Of([[1, 2, 3], [4]]);

    private static int Count(IAsyncEnumerable<GeneratedToken> tokens) => tokens.ToBlockingEnumerable().Count();
}
