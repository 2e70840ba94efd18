using System.Text.Json;

namespace NetHook.Interpretability.Tests;

/// <summary>What the tokenizers library 0.22.2 computed with a tokenizer.</summary>
internal sealed record TokenizerRecord(int Vocabulary, IReadOnlyList<TokenizerRecord.Case> Cases, IReadOnlyList<string>? DecodedAlone)
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "data", "tokenizers");

    public static TokenizerRecord Load(params string[] path) =>
        JsonSerializer.Deserialize<TokenizerRecord>(File.ReadAllBytes(Path.Combine([Folder, .. path])), Json)!;

    /// <summary>Asserts that the tokenizer does what is recorded.</summary>
    public void Check(Tokenizer tokenizer)
    {
        Assert.Equal(Vocabulary, tokenizer.VocabularySize);
        foreach (Case recorded in Cases)
            Assert.Equivalent(recorded, Computed(tokenizer, recorded.Text), strict: true);
        for (int id = 0; id < (DecodedAlone?.Count ?? 0); id++)
            Assert.Equal(DecodedAlone![id], tokenizer.Decode([id], skipSpecialTokens: false));
    }

    private static Case Computed(Tokenizer tokenizer, string text)
    {
        int[] ids = [.. tokenizer.Encode(text)], plain = [.. tokenizer.Encode(text, addSpecialTokens: false)];
        IReadOnlyList<TokenSpan> spans = tokenizer.EncodeWithOffsets(text, addSpecialTokens: false);
        Assert.Equal(plain, spans.Select(span => span.Id));
        Assert.Equal(ids, tokenizer.EncodeWithOffsets(text).Select(span => span.Id));
        return new(
            text, ids, plain, [.. spans.Select(span => span.Token)],
            [.. spans.Select(span => new int[] { Scalars(text, span.Characters.Start.Value), Scalars(text, span.Characters.End.Value) })],
            tokenizer.Decode(ids), tokenizer.Decode(ids, skipSpecialTokens: false));
    }

    /// <summary>The offsets that are recorded count Unicode scalar values.</summary>
    private static int Scalars(string text, int characters) => text[..characters].EnumerateRunes().Count();

    internal sealed record Case(
        string Text, int[] Ids, int[] IdsWithoutSpecial, string[] Tokens, int[][] Offsets, string Decoded, string DecodedWithSpecial);
}
