using System.Reflection;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>A call of code that is not read, of .NET or TorchSharp: what it may return, by what it is given.</summary>
internal sealed class OutsideCall(CodeSearch search)
{
    private static readonly string[] GivesParts = ["get_Current", "get_Value", "First", "Last", "Single", "ElementAt", "GetValue", "TryGetValue", "Find"];

    /// <summary>Delegates among the arguments are run with what the other arguments hold; lists that are filled keep what is put into them.</summary>
    public PossibleValues Call(MethodInfo called, PossibleValues[] arguments, Func<PossibleValues, IReadOnlyList<PossibleValues>, PossibleValues> invoke)
    {
        object[] given = [.. arguments.SelectMany(CodeSearch.Dereferenced)];
        object[] sources = [.. given.Where(value => value is not (Delegate or MadeDelegate))];
        PossibleValues returned = RunDelegates(given.Except(sources), sources, invoke);
        if (!called.IsStatic)
            Keep(arguments);
        ParameterInfo[] parameters = called.GetParameters();
        int first = arguments.Length - parameters.Length;
        bool parts = IsIndexer(called) || Array.Exists(GivesParts, start => called.Name.StartsWith(start, StringComparison.Ordinal));
        for (int index = 0; index < parameters.Length; index++)
        {
            // out var layer
            foreach (Variable variable in parameters[index].ParameterType.IsByRef ? arguments[first + index].All.OfType<Variable>() : [])
                search.AddTo(variable.Values, Result(parameters[index].ParameterType.GetElementType()!, parts, sources));
        }

        PossibleValues result = Result(called.ReturnType, parts, sources);
        return PossibleValues.Both(result, returned);
    }

    private PossibleValues Result(Type type, bool parts, object[] sources)
    {
        if (!Contents.MayLead(type))
            return PossibleValues.None;
        if (!Contents.IsModule(type) && type != typeof(object))
            return new(sources.Where(MayHold).Select(source => source is PartsOf ? source : search.Parts(source)));

        // layers[0] and First() give what is inside, fc.to(device) the layer itself.
        return new(sources.SelectMany(source => source is Module && !parts
            ? type.IsInstanceOfType(source) ? [source] : []
            : Contents.Of(source, type)));
    }

    private PossibleValues RunDelegates(
        IEnumerable<object> delegates, object[] sources, Func<PossibleValues, IReadOnlyList<PossibleValues>, PossibleValues> invoke)
    {
        var returned = new PossibleValues();
        foreach (object value in delegates)
        {
            MethodBase method = value is MadeDelegate made ? made.Method : ((Delegate)value).Method;
            PossibleValues[] arguments = [.. method.GetParameters().Select(parameter => Argument(parameter.ParameterType, sources))];
            returned.Add(invoke(new(value), arguments));
        }

        return returned;
    }

    private PossibleValues Argument(Type type, object[] sources) => !Contents.MayLead(type) ? PossibleValues.None
        : Contents.IsModule(type) ? new(sources.SelectMany(source => Contents.Of(source, type)))
        : new(sources.Where(MayHold).Select(source => source is PartsOf ? source : search.Parts(source)));

    /// <summary>An object that the code made, the first argument, may keep the others.</summary>
    public void Keep(PossibleValues[] arguments)
    {
        foreach (MadeObject made in CodeSearch.Dereferenced(arguments[0]).OfType<MadeObject>())
        {
            foreach (PossibleValues argument in arguments[1..])
                search.AddTo(made.Elements, argument);
        }
    }

    // Sequential's is named get_SequentialItems.
    private static bool IsIndexer(MethodInfo called) => called.IsSpecialName && called.GetParameters().Length > 0 && called.ReturnType != typeof(void);

    private static bool MayHold(object value) => value is Module or PartsOf or MadeObject or System.Collections.IEnumerable or System.Runtime.CompilerServices.ITuple;
}
