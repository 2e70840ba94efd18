using System.Runtime.CompilerServices;

namespace NetHook;

/// <summary>
/// Names one call of a layer: its number, counted since the trace was made, and what was kept of it. A number alone may
/// already have passed to the next call when something is read; what was kept is of that call and no other.
/// </summary>
internal readonly record struct CallKey(long Number, object? Kept)
{
    // A tensor's own Equals would compare its elements.
    public bool Equals(CallKey other) => Number == other.Number && ReferenceEquals(Kept, other.Kept);

    public override int GetHashCode() => HashCode.Combine(Number, RuntimeHelpers.GetHashCode(Kept));
}
