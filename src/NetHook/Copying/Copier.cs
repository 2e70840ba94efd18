using System.Collections.Concurrent;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>How the objects of one type are copied. What can be found out by reflection is found out once per type.</summary>
internal abstract class Copier
{
    private static readonly ConcurrentDictionary<Type, Copier> ByType = new();

    /// <summary>Copies an object that the context has not met before; all of it, or without its parts if these are to be filled in later.</summary>
    internal abstract object Copy(object original, CopyContext context);

    /// <summary>Copies the parts of an object into its copy.</summary>
    internal virtual void Fill(object original, object copy, CopyContext context)
    {
    }

    internal static Copier For(Type type) => ByType.GetOrAdd(type, Choose);

    private static Copier Choose(Type type)
    {
        if (typeof(Tensor).IsAssignableFrom(type))
            return new TensorCopier();
        if (type == typeof(SharedSequential))
            return new SharedSequential.Copier();
        if (typeof(Module).IsAssignableFrom(type))
            return NativeModuleCopier.TryMake(type) ?? ModuleCopier.Make(type);
        if (Shareable.Values(type))
            return new SharingCopier();
        if (type.IsArray)
            return new ArrayCopier(type);
        if (typeof(Delegate).IsAssignableFrom(type))
            return new DelegateCopier();
        if (HashCopier.TryMake(type) is { } hash)
            return hash;
        return ObjectCopier.Make(type);
    }

    private sealed class TensorCopier : Copier
    {
        internal override object Copy(object original, CopyContext context)
        {
            Tensor copy = context.Tensors.Copy((Tensor)original);
            context.Remember(original, copy);
            return copy;
        }
    }

    private sealed class SharingCopier : Copier
    {
        internal override object Copy(object original, CopyContext context) => original;
    }
}
