namespace NetHook;

/// <summary>Finds the type that a user can write in <c>ModuleCopiers.Register&lt;T&gt;</c> to get past an obstacle.</summary>
internal static class RegistrableType
{
    /// <summary>The obstacle's own type, the nearest base class or interface that a program can name, or the type of what holds it.</summary>
    public static Type? Nearest(Type obstacle, CopyPlace? place)
    {
        if (Of(obstacle) is { } own)
            return own;
        for (CopyPlace? level = place?.Outer; level is not null; level = level.Outer)
        {
            if (Of(level.Type) is { } holder)
                return holder;
        }

        return null;
    }

    /// <summary>How the type is written in a program: one inside another of .NET's with that one's name before it.</summary>
    public static string Name(Type type)
    {
        if (!type.IsNested || type.IsGenericParameter || type.IsArray || !ObjectCopier.BelongsToDotNet(type))
            return TypeNames.Of(type);
        Type outer = type.DeclaringType!;
        Type[] arguments = type.GetGenericArguments();
        int outerArguments = outer.GetGenericArguments().Length;
        if (outerArguments > 0)
            outer = outer.MakeGenericType(arguments[..outerArguments]);
        string own = type.Name.Split('`')[0];
        if (arguments.Length > outerArguments)
            own += $"<{string.Join(", ", arguments[outerArguments..].Select(Name))}>";
        return $"{Name(outer)}.{own}";
    }

    private static Type? Of(Type type)
    {
        // What is registered stands for objects, and structs are copied with what holds them.
        if (type.IsValueType)
            return null;
        if (type.IsArray || typeof(Delegate).IsAssignableFrom(type))
            return CanBeWritten(type) ? type : null;
        for (Type? level = type; level is not null && level != typeof(object) && level != typeof(MarshalByRefObject); level = level.BaseType)
        {
            if (CanBeWritten(level))
                return level;
        }

        return Array.Find(type.GetInterfaces(), implemented => implemented.IsGenericType && CanBeWritten(implemented));
    }

    private static bool CanBeWritten(Type type)
    {
        if (type.IsArray)
            return CanBeWritten(type.GetElementType()!);

        // The program's own types can be written somewhere in it, private ones too; not those that the compiler made.
        bool named = ObjectCopier.BelongsToDotNet(type) || type.Assembly == typeof(TorchSharp.torch).Assembly ? IsPublic(type) : !type.Name.Contains('<', StringComparison.Ordinal);
        return named && Array.TrueForAll(type.GetGenericArguments(), CanBeWritten);
    }

    private static bool IsPublic(Type type) => type.IsNested ? type.IsNestedPublic && IsPublic(type.DeclaringType!) : type.IsPublic;
}
