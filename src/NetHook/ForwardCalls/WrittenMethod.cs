using System.Reflection;

namespace NetHook;

/// <summary>Methods as they are in the source: lambdas, local functions and state machines stand for the method around them.</summary>
internal static class WrittenMethod
{
    /// <summary>Type and method: <c>Net.forward</c>.</summary>
    public static string Name(MethodBase method)
    {
        string name = method.Name;
        Type? type = method.DeclaringType;
        for (; type is { DeclaringType: not null } && type.Name[0] == '<'; type = type.DeclaringType)
        {
            // Of <Run>d__3, the state machine of Run; <>c, which holds lambdas, says nothing.
            if (name[0] != '<' && type.Name.IndexOf('>', StringComparison.Ordinal) > 1)
                name = type.Name;
        }

        if (name[0] == '<' && name.IndexOf('>', StringComparison.Ordinal) is > 1 and var end)
            name = name[1..end];
        if (name == "Main$" || name.StartsWith("<Main>", StringComparison.Ordinal))
            name = "Main";
        string written = method.IsSpecialName && name.StartsWith("get_", StringComparison.Ordinal) ? name["get_".Length..] : name;
        return type is null ? written : $"{TypeNames.Of(type).Split('<')[0]}.{written}";
    }
}
