using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// A prompt once as it is and then once for each corrupted run: token ids <c>[1 + runs, tokens]</c>, and what is added to their
/// embeddings, <c>[1 + runs, tokens, n_embd]</c>, nothing in row 0.
/// </summary>
internal sealed record CorruptedPrompt(Tensor Tokens, Tensor Corruption, Range Subject)
{
    public static CorruptedPrompt Of(Gpt2 model, IReadOnlyList<int> tokens, Range subject, Tensor noise)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(noise);
        Evaluation.Require(model);
        if (tokens.Count == 0)
            throw new ArgumentException("The prompt has no tokens. Give one that holds the subject.");
        (int start, int length) = subject.GetOffsetAndLength(tokens.Count);
        if (length == 0)
            throw new ArgumentException($"The subject {subject} of the {tokens.Count} tokens is empty.");
        if (noise.dim() != 3 || noise.shape[0] < 1 || noise.shape[1] != length || noise.shape[2] != model.Config.NEmbd)
            throw new ArgumentException($"The noise is [{string.Join(", ", noise.shape)}], expected [runs, {length}, {model.Config.NEmbd}]: runs, the subject's tokens, n_embd.");

        Tensor embeddings = model.GetParameter("transformer.wte.weight");
        Tensor corruption = zeros([noise.shape[0] + 1, tokens.Count, model.Config.NEmbd], embeddings.dtype, embeddings.device);
        corruption.narrow(0, 1, noise.shape[0]).narrow(1, start, length).copy_(noise);
        Tensor ids = tensor([.. tokens.Select(id => (long)id)], [1, tokens.Count]).to(embeddings.device);
        return new(ids.repeat(noise.shape[0] + 1, 1), corruption, start..(start + length));
    }
}
