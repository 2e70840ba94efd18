using System.Reflection;
using System.Reflection.Emit;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>Reads the calls that a method makes: into code of the user's, through delegates, and into code that is not read.</summary>
internal sealed class CallReader(CodeSearch search, MethodBase method)
{
    private const BindingFlags Instance = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    private readonly Type[]? _typeArguments = method.DeclaringType?.GetGenericArguments();
    private readonly Type[]? _methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : null;
    private readonly OutsideCall _outside = new(search);

    public FieldInfo Field(CodeInstruction instruction) => method.Module.ResolveField(instruction.Operand, _typeArguments, _methodArguments)!;

    public Type Type(CodeInstruction instruction) => method.Module.ResolveType(instruction.Operand, _typeArguments, _methodArguments);

    /// <summary>A call or the making of an object: takes the arguments from the stack and leaves the result.</summary>
    public void Read(CodeInstruction instruction, Stack<PossibleValues> stack)
    {
        MethodBase called = Method(instruction);
        bool makes = instruction.Code == OpCodes.Newobj;
        var arguments = new PossibleValues[called.GetParameters().Length + (called.IsStatic || makes ? 0 : 1)];
        for (int index = arguments.Length - 1; index >= 0; index--)
            arguments[index] = stack.TryPop(out PossibleValues? value) ? value : PossibleValues.None;

        if (makes)
            stack.Push(Make(instruction, (ConstructorInfo)called, arguments));
        else if (called is ConstructorInfo initializes)
            Initialize(initializes, arguments);
        else if (Call(instruction, (MethodInfo)called, arguments) is { } result)
            stack.Push(result);
    }

    /// <summary>A pointer to a method, of which a delegate is made.</summary>
    public void ReadPointer(CodeInstruction instruction, Stack<PossibleValues> stack)
    {
        MethodBase pointed = Method(instruction);
        PossibleValues target = PossibleValues.None;
        if (instruction.Code == OpCodes.Ldvirtftn)
        {
            stack.TryPop(out PossibleValues? popped);
            target = popped ?? target;
            if (ForwardMethods.IsForward(pointed))
                search.Note(target, ForwardMethods.Use(method, pointed));
        }

        stack.Push(new(search.Made(method, instruction.Offset, () => new MadeDelegate(pointed, target))));
    }

    private MethodBase Method(CodeInstruction instruction) => method.Module.ResolveMethod(instruction.Operand, _typeArguments, _methodArguments)!;

    private PossibleValues Make(CodeInstruction instruction, ConstructorInfo constructor, PossibleValues[] arguments)
    {
        Type type = constructor.DeclaringType!;
        if (typeof(Delegate).IsAssignableFrom(type) && arguments.Length == 2)
        {
            foreach (MadeDelegate pointer in arguments[1].All.OfType<MadeDelegate>())
                return new(search.Made(method, instruction.Offset, () => new MadeDelegate(pointer.Method, new(arguments[0].All))));
            return PossibleValues.None;
        }

        MadeObject made = search.Made(method, instruction.Offset, () => new MadeObject(type));
        var result = new PossibleValues(made);
        Initialize(constructor, [result, .. arguments]);
        RunMachine(made);
        return result;
    }

    // Of an object that the code makes, or of its base type, or of a structure in its place.
    private void Initialize(ConstructorInfo constructor, PossibleValues[] arguments)
    {
        if (ForwardMethods.IsRead(constructor) && !typeof(Module).IsAssignableFrom(constructor.DeclaringType))
            search.Read(constructor, arguments);
        else
            _outside.Keep(arguments);
    }

    private PossibleValues? Call(CodeInstruction instruction, MethodInfo called, PossibleValues[] arguments)
    {
        bool isVirtual = instruction.Code == OpCodes.Callvirt;
        if (isVirtual && ForwardMethods.IsForward(called))
            search.Note(new(CodeSearch.Dereferenced(arguments[0])), ForwardMethods.Use(method, called));

        PossibleValues? result = typeof(Delegate).IsAssignableFrom(called.DeclaringType) && called.Name == "Invoke"
            ? Invoke(arguments[0], arguments[1..])
            : isVirtual && called.IsVirtual ? CallEach(called, arguments)
            : ForwardMethods.IsRead(called) ? search.Read(called, arguments)
            : null;
        result ??= _outside.Call(called, arguments, Invoke);
        foreach (MadeObject machine in arguments.SelectMany(CodeSearch.Dereferenced).OfType<MadeObject>())
            RunMachine(machine);
        return called.ReturnType == typeof(void) ? null : result;
    }

    /// <summary>A virtual call: what each object's own type runs. Null if that is not code to be read.</summary>
    private PossibleValues? CallEach(MethodInfo called, PossibleValues[] arguments)
    {
        PossibleValues? result = null;
        foreach (object receiver in CodeSearch.Dereferenced(arguments[0]))
        {
            Type type = receiver is MadeObject made ? made.Type : receiver.GetType();
            if (receiver is PartsOf or MadeDelegate || !called.DeclaringType!.IsAssignableFrom(type) || Override(called, type) is not { } own || !ForwardMethods.IsRead(own))
                continue;

            // A layer's forward is read for the layer, where it is seen or found.
            if (receiver is Module && ForwardMethods.IsForward(own))
                continue;
            (result ??= new()).Add(search.Read(own, [new(receiver), .. arguments[1..]]));
        }

        return result;
    }

    private PossibleValues Invoke(PossibleValues delegates, IReadOnlyList<PossibleValues> arguments)
    {
        var result = new PossibleValues();
        foreach (object value in CodeSearch.Dereferenced(delegates))
        {
            foreach ((MethodBase invoked, PossibleValues target) in Targets(value))
            {
                if (value is Delegate && ForwardMethods.IsForward(invoked))
                    search.Note(target, ForwardMethods.Use(method, invoked));
                else if (ForwardMethods.IsRead(invoked))
                    result.Add(search.Read(invoked, invoked.IsStatic && invoked.GetParameters().Length == arguments.Count ? arguments : [target, .. arguments]));
            }
        }

        return result;
    }

    private static IEnumerable<(MethodBase Method, PossibleValues Target)> Targets(object value) => value switch
    {
        MadeDelegate made => [(made.Method, made.Target)],
        Delegate real => real.GetInvocationList().Select(one => ((MethodBase)one.Method, one.Target is { } target ? new PossibleValues(target) : PossibleValues.None)),
        _ => [],
    };

    // An iterator or async method makes an object and hands it on; its code is that object's.
    private void RunMachine(MadeObject made)
    {
        if (made.Type.Name[0] == '<' && made.Type.GetMethod("MoveNext", Instance) is { } next && ForwardMethods.IsRead(next))
            search.AddTo(made.Elements, search.Read(next, [new(made)]));
    }

    private static MethodInfo? Override(MethodInfo called, Type type)
    {
        if (called.DeclaringType!.IsInterface)
        {
            InterfaceMapping map = type.GetInterfaceMap(called.DeclaringType);
            int index = Array.IndexOf(map.InterfaceMethods, called);
            return index < 0 ? null : map.TargetMethods[index];
        }

        if (called.IsGenericMethod)
            return called;
        MethodInfo root = called.GetBaseDefinition();
        Type[] parameters = [.. called.GetParameters().Select(parameter => parameter.ParameterType)];
        for (Type? ancestor = type; ancestor is not null; ancestor = ancestor.BaseType)
        {
            if (ancestor.GetMethod(called.Name, Instance | BindingFlags.DeclaredOnly, parameters) is { } own && own.GetBaseDefinition() == root)
                return own;
        }

        return called;
    }
}
