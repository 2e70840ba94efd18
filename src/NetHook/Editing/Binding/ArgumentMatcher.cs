namespace NetHook;

/// <summary>A value that a function may be given, by what is known of it: its name and its type, null for the value null.</summary>
internal readonly record struct Offer(string Name, Type? Type);

/// <summary>Where the value for a parameter comes from.</summary>
internal enum ArgumentSource
{
    /// <summary>The named offer of that index.</summary>
    Named,

    /// <summary>The positional offer of that index.</summary>
    Positional,

    /// <summary>The positional offers from that index on, as an array.</summary>
    Rest,

    /// <summary>The parameter's own default value.</summary>
    Default,
}

/// <summary>The value chosen for one parameter.</summary>
internal readonly record struct Argument(ArgumentSource Source, int Index = 0);

/// <summary>Chooses the values with which a function is called: the rules of <see cref="OptionalArguments"/>, on types alone.</summary>
internal static class ArgumentMatcher
{
    /// <summary>The value for each parameter of a function.</summary>
    /// <param name="function">The function.</param>
    /// <param name="positional">Offers by position.</param>
    /// <param name="named">Offers by name.</param>
    /// <param name="refuse">Makes the exception from a clause that says what does not fit.</param>
    public static Argument[] Match(
        FunctionSignature function, IReadOnlyList<Type?> positional, IReadOnlyList<Offer> named, Func<string, ArgumentException> refuse)
    {
        IReadOnlyList<FunctionParameter> parameters = function.Parameters;
        if (parameters.FirstOrDefault(parameter => parameter.IsSpecial) is { } special)
            throw refuse($"'{special}' is passed by reference, which is not possible here");

        // Names first, for all parameters: what one of them takes by name is not left for another by order.
        int[] byName = parameters.Select(parameter => IndexOf(named, parameter.Name)).ToArray();
        var nextNamed = Enumerable.Range(0, named.Count).Except(byName).ToList();
        int nextPositional = 0;

        var arguments = new Argument[parameters.Count];
        for (int i = 0; i < arguments.Length; i++)
            arguments[i] = byName[i] >= 0 ? ByName(parameters[i], byName[i]) : ByOrder(parameters[i]);
        return arguments;

        Argument ByName(FunctionParameter parameter, int index)
        {
            Type? offered = named[index].Type;
            if (parameter.Accepts(offered))
                return new(ArgumentSource.Named, index);
            (string found, string declared) = offered is null ? ("null", TypeNames.Of(parameter.Type)) : TypeNames.Apart(offered, parameter.Type);
            throw refuse($"'{parameter.Name}' is {found} here, not {declared}");
        }

        Argument ByOrder(FunctionParameter parameter)
        {
            if (parameter.TakesRest)
                return Rest(parameter);
            if (nextPositional < positional.Count)
            {
                if (parameter.Accepts(positional[nextPositional]))
                    return new(ArgumentSource.Positional, nextPositional++);
                if (!parameter.IsOptional)
                    throw DoesNotFit(nextPositional, parameter);
            }

            // A default is not given up for a value that was meant for another name.
            if (parameter.IsOptional)
                return new(ArgumentSource.Default);
            int at = nextNamed.FindIndex(index => parameter.Accepts(named[index].Type));
            if (at < 0)
                throw refuse($"nothing that is offered fits '{parameter}'");
            int taken = nextNamed[at];
            nextNamed.RemoveAt(at);
            return new(ArgumentSource.Named, taken);
        }

        Argument Rest(FunctionParameter parameter)
        {
            int first = nextPositional;
            nextPositional = positional.Count;

            // As in C#: a single array is the rest, not an element of it.
            if (first == positional.Count - 1 && positional[first] is { } only && parameter.Accepts(only))
                return new(ArgumentSource.Positional, first);
            for (int i = first; i < positional.Count; i++)
            {
                if (!FunctionParameter.Accepts(parameter.Type.GetElementType()!, positional[i]))
                    throw DoesNotFit(i, parameter);
            }

            return new(ArgumentSource.Rest, first);
        }

        ArgumentException DoesNotFit(int index, FunctionParameter parameter) =>
            refuse($"the argument at position {index} ({Describe(positional[index])}) does not fit '{parameter}'");
    }

    public static string Describe(Type? type) => type is null ? "null" : TypeNames.Of(type);

    private static int IndexOf(IReadOnlyList<Offer> named, string name)
    {
        for (int i = 0; i < named.Count; i++)
        {
            if (named[i].Name == name)
                return i;
        }

        return -1;
    }
}
