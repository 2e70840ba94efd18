using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// A prompt once as it is and then once for each corrupted run: token ids <c>[1 + runs, tokens]</c>, and what is added to their
/// embeddings, <c>[1 + runs, tokens, width]</c>, nothing in row 0.
/// </summary>
internal sealed record CorruptedPrompt(Tensor Tokens, Tensor Corruption, Range Subject)
{
    public static CorruptedPrompt Of(LaidOutModel model, IReadOnlyList<int> tokens, Range subject, Tensor noise)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(noise);
        EvalMode.Require(model.Module);
        if (tokens.Count == 0)
            throw new PromptException("The prompt has no tokens. Give one that holds the subject.");
        (int start, int length) = subject.GetOffsetAndLength(tokens.Count);
        if (length == 0)
            throw new ArgumentException($"The subject {subject} of the {tokens.Count} tokens is empty.");
        if (noise.dim() != 3 || noise.shape[0] < 1 || noise.shape[1] != length || noise.shape[2] != model.Width)
            throw new ArgumentException($"The noise is [{string.Join(", ", noise.shape)}], expected [runs, {length}, {model.Width}]: runs, the subject's tokens, width.");

        Tensor corruption = zeros([noise.shape[0] + 1, tokens.Count, model.Width], noise.dtype, model.Device);
        corruption.narrow(0, 1, noise.shape[0]).narrow(1, start, length).copy_(noise);
        return new(model.Prompt(tokens).repeat(noise.shape[0] + 1, 1), corruption.to(model.Embeddings.dtype), start..(start + length));
    }
}
