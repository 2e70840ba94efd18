using System.Collections.Concurrent;

namespace NetHook;

/// <summary>Type names as they stand in a C# program, without namespaces, for messages: <c>ModuleList&lt;Block&gt;</c>, <c>(Tensor, int)?</c>.</summary>
internal static class TypeNames
{
    private static readonly ConcurrentDictionary<Type, string> Cache = new();

    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(bool)] = "bool",
        [typeof(byte)] = "byte",
        [typeof(sbyte)] = "sbyte",
        [typeof(char)] = "char",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(float)] = "float",
        [typeof(double)] = "double",
        [typeof(decimal)] = "decimal",
        [typeof(string)] = "string",
        [typeof(object)] = "object",
        [typeof(void)] = "void",
    };

    internal static string Of(Type type) => Cache.GetOrAdd(type, Write);

    internal static string Of(object value) => Of(value.GetType());

    /// <summary>The names of two types that are not the same, with what tells them apart: their namespaces or, if need be, their assemblies.</summary>
    internal static (string First, string Second) Apart(Type first, Type second)
    {
        if (first == second || Of(first) != Of(second))
            return (Of(first), Of(second));
        (string a, string b) = (Full(first), Full(second));
        return a != b ? (a, b) : ($"{a} ({first.Assembly.GetName().Name})", $"{b} ({second.Assembly.GetName().Name})");
    }

    private static string Full(Type type)
    {
        if (type.IsArray)
            return $"{Full(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        string outer = type.DeclaringType is { } declaring ? Full(declaring) : type.Namespace ?? "global::";
        string[] arguments = [.. type.GetGenericArguments().Select(Full)];
        return $"{outer}.{type.Name.Split('`')[0]}{(arguments.Length == 0 ? "" : $"<{string.Join(", ", arguments)}>")}";
    }

    private static string Write(Type type)
    {
        if (Keywords.TryGetValue(type, out string? keyword))
            return keyword;
        if (type.IsArray)
            return $"{Of(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return Of(underlying) + "?";
        if (!type.IsGenericType)
            return type.Name;
        if (type.FullName?.StartsWith("System.ValueTuple`", StringComparison.Ordinal) == true && !type.IsGenericTypeDefinition)
            return $"({string.Join(", ", TupleItems(type).Select(Of))})";
        if (type.Name.StartsWith("<>", StringComparison.Ordinal))
            return "an anonymous type";

        string name = type.Name.Split('`')[0];
        return $"{name}<{string.Join(", ", type.GetGenericArguments().Select(Of))}>";
    }

    /// <summary>The items of a tuple; what lies beyond the seventh is nested in the last type argument.</summary>
    private static IEnumerable<Type> TupleItems(Type tuple)
    {
        Type[] arguments = tuple.GetGenericArguments();
        return arguments.Length == 8 ? arguments.Take(7).Concat(TupleItems(arguments[7])) : arguments;
    }
}
