using System.Collections.Immutable;
using System.Globalization;
using static TorchSharp.torch;

namespace NetHook;

/// <summary>What the header of a safetensors file says of one tensor.</summary>
/// <param name="Key">The tensor's name.</param>
/// <param name="Dtype">The type of its elements; null if TorchSharp lacks it, so that this tensor cannot be read.</param>
/// <param name="Shape">Its shape; empty for a scalar.</param>
/// <param name="Offset">Where its data begins, in bytes from the start of the file.</param>
/// <param name="Length">The size of its data in bytes: what shape and type ask for.</param>
public sealed record SafetensorsEntry(string Key, ScalarType? Dtype, ImmutableArray<long> Shape, long Offset, long Length)
{
    /// <summary>The type as the file writes it: <c>F32</c>, <c>F8_E4M3</c>.</summary>
    public string DtypeName { get; init; } = Dtype is { } dtype ? SafetensorsDtypes.NameOf(dtype) ?? dtype.ToString() : "unknown";

    /// <summary>Whether another entry says the same, element by element of the shape.</summary>
    /// <param name="other">The other entry.</param>
    /// <returns>True if all are equal.</returns>
    public bool Equals(SafetensorsEntry? other) =>
        other is not null && (Key, DtypeName, Offset, Length) == (other.Key, other.DtypeName, other.Offset, other.Length) && Shape.AsSpan().SequenceEqual(other.Shape.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Key, DtypeName, Offset, Length);

    /// <summary>The entry as text: <c>wte.weight: Float32 [50257, 768], 154389504 bytes at 14344</c>.</summary>
    /// <returns>One line.</returns>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Key}: {Dtype?.ToString() ?? DtypeName} [{string.Join(", ", Shape.IsDefault ? [] : Shape)}], {Length} bytes at {Offset}");
}
