using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>Limits interventions to a part of a generated text.</summary>
public static class GenerationInterventions
{
    /// <summary>Limits an intervention to the prompt or to the new tokens of a generation; the rest stays as it is, to the bit.</summary>
    /// <param name="intervention">The intervention. It is given the whole activation of a pass.</param>
    /// <param name="part">The tokens that it acts on. Outside of a generation, all tokens are those of a prompt.</param>
    /// <returns>The limited intervention, for activations <c>[batch, tokens, ...]</c> and those inside of attentions, <c>[batch, heads, tokens, ...]</c>.</returns>
    /// <remarks>
    /// With a cache each position is computed once: the prompt's in the first pass, then one new token in each. Without it each pass
    /// computes all, and the intervention acts on the same positions. A pass that computes none of them does not call the
    /// intervention. Several generations may run at once: each knows its own prompt.
    /// </remarks>
    /// <example><c>EditOutput = Interventions.Add(direction, 4).On(TokenPart.NewTokens)</c></example>
    public static Intervention On(this Intervention intervention, TokenPart part)
    {
        ArgumentNullException.ThrowIfNull(intervention);
        if (!Enum.IsDefined(part))
            throw new ArgumentOutOfRangeException(nameof(part), part, "An intervention acts on the prompt, on new tokens, or on all.");
        return part == TokenPart.All ? intervention : (value, layer) => Apply(intervention, part, value, layer);
    }

    private static Tensor Apply(Intervention intervention, TokenPart part, Tensor value, string layer)
    {
        if (PassStep.Current is not GenerationStep step)
            return part == TokenPart.Prompt ? intervention(value, layer) : value;
        int dimension = value.dim() == 4 ? 2 : 1, from = FirstColumn(value, dimension, step, layer);
        if (step.IsNone(part, from))
            return value;
        if (step.IsAll(part, from))
            return intervention(value, layer);

        using DisposeScope scope = NewDisposeScope();
        long[] shape = [.. Enumerable.Repeat(1L, (int)value.dim())];
        (shape[0], shape[dimension]) = (step.PromptEnds.Count, step.End - from);
        Tensor acts = tensor(step.Mask(part, from), shape, device: value.device);
        return where(acts, intervention(value, layer), value).MoveToOuterDisposeScope();
    }

    /// <summary>The column of the activation's first token: cached keys and values hold the earlier ones too.</summary>
    private static int FirstColumn(Tensor value, int dimension, GenerationStep step, string layer)
    {
        long tokens = value.dim() > dimension && value.shape[0] == step.PromptEnds.Count ? value.shape[dimension] : 0;
        return tokens == step.End - step.Start ? step.Start
            : tokens == step.End ? 0
            : throw new InvalidOperationException(
                $"On at layer '{layer}': an activation of shape [{string.Join(", ", value.shape)}] does not hold the {step.End - step.Start} tokens of this pass as [batch, tokens, ...] or [batch, heads, tokens, ...]. "
                + "Limit interventions there by At.");
    }
}
