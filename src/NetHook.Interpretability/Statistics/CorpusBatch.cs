using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>Pieces of a text, of as many tokens each, that go through a model together.</summary>
/// <param name="Ids">Their ids, with those that begin a text in the tokenizer's files before each.</param>
/// <param name="Tokens">How many ids these are in all.</param>
/// <param name="NextPiece">The number, in the whole text, of the first piece that may come behind them.</param>
/// <param name="Next">Where that can be read from.</param>
internal sealed record CorpusBatch(IReadOnlyList<long[]> Ids, int Tokens, long NextPiece, TokenPosition Next)
{
    /// <summary>The ids, Int64 <c>[pieces, tokens]</c>.</summary>
    public Tensor On(Device device) => tensor([.. Ids.SelectMany(piece => piece)], [Ids.Count, Ids[0].Length], device: device);
}
