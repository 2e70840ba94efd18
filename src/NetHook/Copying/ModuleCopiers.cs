using System.Collections.Concurrent;

namespace NetHook;

/// <summary>Says how types are copied that <see cref="ModuleExtensions.DeepCopy{T}(T)"/> would refuse, or should copy otherwise.</summary>
/// <remarks>Registrations hold for the whole process. Thread-safe.</remarks>
public static class ModuleCopiers
{
    private static readonly ConcurrentDictionary<Type, Func<object, CopyContext, object?>> Registered = new();

    /// <summary>
    /// Registers how objects of a type are copied: modules, or anything else that a model's fields hold. A copier that returns
    /// the original shares it.
    /// </summary>
    /// <typeparam name="T">
    /// The type. A class stands for its objects, and those of derived classes that have no copier of their own; an interface for all
    /// objects whose classes have none.
    /// </typeparam>
    /// <param name="copy">
    /// Is given the original and the copy in the making, makes the copy, and leaves the original as it is. Parts are to be
    /// copied with <see cref="CopyContext.Copy{T}(T)"/>, so that ties are kept; to copy the original itself that way means to
    /// copy it as without this copier.
    /// </param>
    public static void Register<T>(Func<T, CopyContext, T> copy)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(copy);
        Registered[typeof(T)] = (original, context) => copy((T)original, context);
    }

    internal static Func<object, CopyContext, object?>? Find(Type type)
    {
        if (Registered.IsEmpty || type.IsValueType)
            return null;
        for (Type? level = type; level is not null; level = level.BaseType)
        {
            if (Registered.TryGetValue(level, out Func<object, CopyContext, object?>? copy))
                return copy;
        }

        foreach (Type implemented in type.GetInterfaces())
        {
            if (Registered.TryGetValue(implemented, out Func<object, CopyContext, object?>? copy))
                return copy;
        }

        return null;
    }
}
