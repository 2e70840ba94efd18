using System.Runtime.CompilerServices;

namespace NetHook;

/// <summary>Tells calls apart by their place on the machine's stack, which grows down: an inner call lies below the one that makes it.</summary>
/// <remarks>
/// TorchSharp's call() runs all hooks of a layer from one frame. The methods marked <see cref="Fixed"/> that it calls are compiled once, so that
/// <see cref="Here"/> gives the hook before each call the same distance from that frame, and so for the hook after it: the two differ by at most
/// 112 bytes, for six arguments. Between a call and one inside it lie the frames of call() and forward(), at least 208 bytes for one argument, 288 for six.
/// </remarks>
internal static class CallFrame
{
    public const MethodImplOptions Fixed = MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization;

    /// <summary>How far above a hook another hook of the same call may be.</summary>
    public const nuint Near = 64;

    /// <summary>How far below it.</summary>
    public const nuint Below = 160;

    [MethodImpl(Fixed)]
    public static unsafe nuint Here()
    {
        byte here;
        return (nuint)(&here);
    }
}
