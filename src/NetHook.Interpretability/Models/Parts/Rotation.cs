using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// Rotary position embedding (Su et al. 2021): turns pairs of numbers in each query and key by angles that grow with the
/// position, so that their product depends on the distance alone.
/// </summary>
/// <param name="Frequencies">The angle by which each pair turns from one position to the next.</param>
/// <param name="Interleaved">Whether a pair is two neighbours, as in GPT-J, or else number i of each half.</param>
internal sealed record Rotation(RotaryFrequencies Frequencies, bool Interleaved = false)
{
    /// <summary>How many numbers of each head are turned, from the first on; the rest passes.</summary>
    public int Size => Frequencies.Size;

    // Passes tell rotations apart by reference.
    public bool Equals(Rotation? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);

    /// <summary>The cosines and sines, Float32 <c>[1 or batch, 1, tokens, size]</c>. Makes tensors in the current dispose scope.</summary>
    /// <param name="positions">Int64 <c>[1 or batch, tokens]</c>.</param>
    /// <param name="lengths">How many tokens each row has, or one number for all: some scalings depend on it.</param>
    public (Tensor Cos, Tensor Sin) Tables(Tensor positions, IReadOnlyList<long> lengths)
    {
        float[] rows = [.. lengths.SelectMany(length => Frequencies.At(length)).Select(frequency => (float)frequency)];
        Tensor frequencies = tensor(rows, [lengths.Count, 1, Size / 2], device: positions.device);
        Tensor angles = positions.to(ScalarType.Float32).unsqueeze(-1) * frequencies;
        angles = (Interleaved ? angles.repeat_interleave(2, -1) : cat([angles, angles], -1)).unsqueeze(1);
        return (angles.cos().Times(Frequencies.Amplitude), angles.sin().Times(Frequencies.Amplitude));
    }

    /// <summary>Turns <c>[batch, heads, tokens, head size]</c>.</summary>
    public Tensor Apply(Tensor x, Tensor cos, Tensor sin)
    {
        long rest = x.shape[^1] - Size;
        Tensor turning = rest == 0 ? x : x.narrow(-1, 0, Size);
        Tensor turned = (turning * cos).Plus(Quarter(turning) * sin);
        return rest == 0 ? turned : cat([turned, x.narrow(-1, Size, rest)], -1);
    }

    /// <summary>Each pair (a, b) as (-b, a).</summary>
    private Tensor Quarter(Tensor x)
    {
        if (!Interleaved)
            return cat([x.narrow(-1, Size / 2, Size / 2).neg(), x.narrow(-1, 0, Size / 2)], -1);
        Tensor[] pair = x.reshape([.. x.shape[..^1], Size / 2, 2]).unbind(-1);
        return stack([pair[1].neg(), pair[0]], -1).flatten(-2, -1);
    }
}
