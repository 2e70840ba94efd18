using System.Globalization;
using System.Reflection;

namespace NetHook;

/// <summary>How a delegate is called and what its parameters are named: its type says the first, its method the second.</summary>
internal sealed class FunctionSignature
{
    private readonly string _name;

    private FunctionSignature(string name, Type returnType, FunctionParameter[] parameters)
    {
        _name = name;
        ReturnType = returnType;
        Parameters = parameters;
    }

    public Type ReturnType { get; }

    public IReadOnlyList<FunctionParameter> Parameters { get; }

    public static FunctionSignature Of(Delegate function)
    {
        MethodInfo invoke = function.GetType().GetMethod(nameof(Action.Invoke))!;
        ParameterInfo[] called = invoke.GetParameters();
        ParameterInfo[] written = function.Method.GetParameters();

        // A static method bound to its first argument has one parameter more than the delegate, such as the closure
        // of a compiled expression; an instance method without an instance has one less.
        int hidden = written.Length - called.Length;
        IEnumerable<FunctionParameter> parameters = called.Select((parameter, i) =>
            FunctionParameter.Of(parameter, i + hidden >= 0 ? written[i + hidden] : parameter));
        return new(NameOf(function.Method), invoke.ReturnType, [.. parameters]);
    }

    /// <summary>The signature as in a program; a lambda has no name: <c>Tensor (Tensor output, float scale = 2)</c>.</summary>
    public override string ToString() => $"{TypeNames.Of(ReturnType)} {_name}({string.Join(", ", Parameters)})";

    private static string NameOf(MethodInfo method)
    {
        if (method.DeclaringType is null)
            return "";
        if (!method.Name.StartsWith('<'))
            return method.Name;

        // The compiler calls a local function <Outer>g__Name|0_1 and a lambda <Outer>b__0.
        int start = method.Name.IndexOf(">g__", StringComparison.Ordinal);
        int end = method.Name.LastIndexOf('|');
        return start >= 0 && end > start ? method.Name[(start + 4)..end] : "";
    }
}

/// <summary>One parameter of a function.</summary>
internal sealed record FunctionParameter(string Name, Type Type, bool IsOptional, object? Default, bool TakesRest)
{
    /// <summary>Whether no plain value can be passed for it: ref, in, out, spans and pointers.</summary>
    public bool IsSpecial => Type.IsByRef || Type.IsByRefLike || Type.IsPointer;

    public static FunctionParameter Of(ParameterInfo called, ParameterInfo written)
    {
        string name = string.IsNullOrEmpty(written.Name) ? called.Name! : written.Name;
        ParameterInfo defaulted = written.IsOptional ? written : called;
        bool rest = called.ParameterType.IsArray
            && (written.IsDefined(typeof(ParamArrayAttribute)) || called.IsDefined(typeof(ParamArrayAttribute)));
        return new(name, called.ParameterType, defaulted.IsOptional, defaulted.IsOptional ? DefaultOf(defaulted) : null, rest);
    }

    /// <summary>Whether a value of a type, null for the value null, can be passed without a conversion that changes it.</summary>
    public bool Accepts(Type? offered) => Accepts(Type, offered);

    public static bool Accepts(Type declared, Type? offered) => offered is null
        ? !declared.IsValueType || Nullable.GetUnderlyingType(declared) is not null
        : declared.IsAssignableFrom(offered);

    public override string ToString() => (TakesRest, IsOptional) switch
    {
        (true, _) => $"params {TypeNames.Of(Type)} {Name}",
        (_, true) => $"{TypeNames.Of(Type)} {Name} = {DefaultText()}",
        _ when Type.IsByRef => $"ref {TypeNames.Of(Type.GetElementType()!)} {Name}",
        _ => $"{TypeNames.Of(Type)} {Name}",
    };

    // The default of an enumeration is stored as a number, and that of [Optional] alone not at all.
    private static object? DefaultOf(ParameterInfo parameter)
    {
        object? value = parameter.HasDefaultValue ? parameter.DefaultValue : null;
        Type type = Nullable.GetUnderlyingType(parameter.ParameterType) ?? parameter.ParameterType;
        if (value is not null && type.IsEnum)
            return Enum.ToObject(type, value);
        return value is null && parameter.ParameterType.IsValueType ? Activator.CreateInstance(parameter.ParameterType) : value;
    }

    private string DefaultText() => Default switch
    {
        null => "null",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        Enum or IFormattable and not ValueType => $"{Default}",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => "default",
    };
}
