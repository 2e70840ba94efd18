using static TorchSharp.torch;

namespace NetHook;

/// <summary>Combines interventions.</summary>
public static class InterventionExtensions
{
    /// <summary>Limits an intervention to a slice of the activation; the rest stays as it is, to the bit.</summary>
    /// <param name="intervention">What is done to the slice. It is given the slice alone, with all dimensions kept.</param>
    /// <param name="slice">Which part. Limits add up: <c>Zero().At(Slice.Heads(12, 3)).At(Slice.Tokens(^1))</c> is head 3 at the last token.</param>
    /// <returns>The limited intervention.</returns>
    public static Intervention At(this Intervention intervention, Slice slice)
    {
        ArgumentNullException.ThrowIfNull(intervention);
        ArgumentNullException.ThrowIfNull(slice);
        return (value, layer) => slice.Apply(intervention, value, layer);
    }

    /// <summary>Does one intervention, then the other, on what the first has made.</summary>
    /// <param name="first">What is done first.</param>
    /// <param name="second">What is done then.</param>
    /// <returns>Both, in this order.</returns>
    public static Intervention Then(this Intervention first, Intervention second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return (value, layer) =>
        {
            // Outside of a scope, nothing else holds what the first has made.
            Tensor between = first(value, layer);
            Tensor result = second(between, layer);
            GC.KeepAlive(between);
            return result;
        };
    }
}
