using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// A model that can go on from the residual stream that enters a block. Analyses that change what happens late in a model use
/// it to leave out what comes before; of a model without it they run whole passes.
/// </summary>
internal interface IResumable
{
    /// <summary>Runs the blocks from one on, and what makes logits of their result, each layer by <c>call()</c>.</summary>
    /// <param name="block">The first block to run; the number of blocks runs none.</param>
    /// <param name="residual">What enters that block, <c>[batch, tokens, width]</c>, not changed.</param>
    /// <param name="rows">The rows that it is of; null for rows without padding.</param>
    /// <returns>
    /// The logits, <c>[batch, tokens, vocabulary]</c>. An edit of the first layer of <see cref="TransformerLayout.Readout"/> may
    /// pick out some of the positions: the layers behind the blocks treat each position by itself.
    /// </returns>
    Tensor ForwardFrom(int block, Tensor residual, TokenBatch? rows = null);
}
