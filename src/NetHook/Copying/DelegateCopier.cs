using TorchSharp;

namespace NetHook;

/// <summary>Aims a delegate at the copy of what it is bound to: a module, or a closure that captured one.</summary>
internal sealed class DelegateCopier : Copier
{
    internal override object Copy(object original, CopyContext context)
    {
        var function = (Delegate)original;
        Delegate copy = function.HasSingleTarget
            ? CopySingle(function, context)
            : Delegate.Combine([.. function.GetInvocationList().Select(single => CopySingle(single, context))])!;

        // A closure may hold the delegate itself, which was copied with it.
        if (context.Find(original) is { } known)
            return known;
        context.Remember(original, copy);
        return copy;
    }

    private static Delegate CopySingle(Delegate function, CopyContext context)
    {
        object? target = context.CopyPart(function.Target, "");
        return ReferenceEquals(target, function.Target)
            ? function
            : Delegate.CreateDelegate(function.GetType(), target, function.Method);
    }
}
