using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>Takes or draws one row's next tokens.</summary>
internal sealed class TokenSampler(GenerationOptions options, long seed)
{
    private ulong _state = unchecked((ulong)seed);

    /// <summary>The next token, by logits <c>[vocabulary]</c>.</summary>
    public int Pick(Tensor logits)
    {
        using DisposeScope scope = NewDisposeScope();
        if (options.Temperature == 0)
            return (int)logits.argmax().item<long>();

        // The greatest is taken off first, so that a small temperature does not overflow.
        Tensor wide = logits.to(ScalarType.Float64), scaled = (wide - wide.max()).DividedBy(options.Temperature);
        int count = (int)Math.Min(options.TopK ?? long.MaxValue, logits.shape[0]);
        (Tensor values, Tensor indices) = scaled.softmax(-1).topk(count);
        double[] likely = [.. values.cpu().data<double>()];
        long[] ids = [.. indices.cpu().data<long>()];
        return (int)ids[Draw(likely, Kept(likely))];
    }

    /// <summary>How many of the most likely tokens remain: the fewest that have <see cref="GenerationOptions.TopP"/> of the probability.</summary>
    private int Kept(double[] likely)
    {
        if (options.TopP is not { } part)
            return likely.Length;
        double enough = part * likely.Sum(), sum = 0;
        for (int i = 0; i < likely.Length; i++)
        {
            sum += likely[i];
            if (sum >= enough)
                return i + 1;
        }

        return likely.Length;
    }

    private int Draw(double[] likely, int kept)
    {
        double left = NextDouble() * likely.Take(kept).Sum();
        for (int i = 0; i < kept - 1; i++)
        {
            left -= likely[i];
            if (left < 0)
                return i;
        }

        return kept - 1;
    }

    /// <summary>The next number of SplitMix64 (Steele et al. 2014), 0 to 1: the same for a seed on every machine.</summary>
    private double NextDouble()
    {
        ulong bits = _state += 0x9E3779B97F4A7C15;
        bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
        bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
        return ((bits ^ (bits >> 31)) >> 11) * (1.0 / (1L << 53));
    }
}
