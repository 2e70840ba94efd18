using System.Reflection;
using System.Reflection.Emit;

namespace NetHook;

/// <summary>Reads the code of one method, instruction by instruction: what may be on the stack and in variables.</summary>
internal sealed class MethodReader
{
    // A value that a later pass round a loop would see; longer chains do not occur in models.
    private const int MostRounds = 3;

    private readonly CodeSearch _search;
    private readonly MethodBase _method;
    private readonly CallReader _calls;
    private readonly List<CodeInstruction> _code;
    private readonly Variable[] _arguments;
    private readonly Variable[] _locals;
    private readonly PossibleValues _result;
    private readonly HashSet<int> _handlers;

    public MethodReader(CodeSearch search, MethodBase method, MethodBody body, IReadOnlyList<PossibleValues> arguments, PossibleValues result)
    {
        (_search, _method, _result) = (search, method, result);
        _code = CodeInstruction.Read(body);
        _arguments = [.. arguments.Select(argument => Holding(argument))];
        _locals = [.. body.LocalVariables.Select((local, index) => Holding(StartOf(local.LocalType, index)))];
        _handlers = [.. body.ExceptionHandlingClauses.SelectMany(clause => clause.Flags switch
        {
            ExceptionHandlingClauseOptions.Clause => new[] { clause.HandlerOffset },
            ExceptionHandlingClauseOptions.Filter => [clause.HandlerOffset, clause.FilterOffset],
            _ => [],
        })];
        _calls = new(search, method);
    }

    public void Read()
    {
        for (int round = 0; round < MostRounds; round++)
        {
            int known = _search.Known;
            ReadOnce();
            if (_search.Known == known)
                return;
        }
    }

    private void ReadOnce()
    {
        var atTargets = _handlers.ToDictionary(offset => offset, _ => new[] { PossibleValues.None });
        var stack = new Stack<PossibleValues>();
        bool reachable = true;
        foreach (CodeInstruction instruction in _code)
        {
            if (!_search.Count())
                return;
            if (atTargets.TryGetValue(instruction.Offset, out PossibleValues[]? kept))
                stack = new(reachable && stack.Count == kept.Length ? kept.Zip(stack.Reverse(), PossibleValues.Both) : kept);
            else if (!reachable)
                stack.Clear();

            Step(instruction, stack);
            FlowControl flow = instruction.Code.FlowControl;
            if (flow is FlowControl.Branch or FlowControl.Cond_Branch)
            {
                PossibleValues[] now = [.. stack.Reverse()];
                foreach (int target in instruction.Targets ?? [instruction.Operand])
                    atTargets[target] = atTargets.TryGetValue(target, out PossibleValues[]? before) && before.Length == now.Length ? [.. before.Zip(now, PossibleValues.Both)] : now;
            }

            reachable = flow is not (FlowControl.Branch or FlowControl.Return or FlowControl.Throw);
        }
    }

    private void Step(CodeInstruction instruction, Stack<PossibleValues> stack)
    {
        OpCode code = instruction.Code;
        string name = code.Name!;
        if (code.FlowControl == FlowControl.Call && code != OpCodes.Calli)
        {
            _calls.Read(instruction, stack);
        }
        else if (code == OpCodes.Ldftn || code == OpCodes.Ldvirtftn)
        {
            _calls.ReadPointer(instruction, stack);
        }
        else if (code == OpCodes.Ret)
        {
            if (stack.TryPop(out PossibleValues? returned))
                _search.AddTo(_result, returned);
        }
        else if (IndexOf(instruction, "ldarg") is { } argument && argument < _arguments.Length)
        {
            stack.Push(name.StartsWith("ldarga", StringComparison.Ordinal) ? new(_arguments[argument]) : _arguments[argument].Values);
        }
        else if (IndexOf(instruction, "ldloc") is { } local && local < _locals.Length)
        {
            stack.Push(name.StartsWith("ldloca", StringComparison.Ordinal) ? new(_locals[local]) : _locals[local].Values);
        }
        else if (IndexOf(instruction, "stloc") is { } stored && stored < _locals.Length)
        {
            _search.AddTo(_locals[stored].Values, Pop(stack));
        }
        else if (IndexOf(instruction, "starg") is { } set && set < _arguments.Length)
        {
            _search.AddTo(_arguments[set].Values, Pop(stack));
        }
        else if (code == OpCodes.Dup)
        {
            stack.Push(stack.TryPeek(out PossibleValues? top) ? top : PossibleValues.None);
        }
        else if (!ReadObject(instruction, name, stack))
        {
            Skip(code, stack);
        }
    }

    private bool ReadObject(CodeInstruction instruction, string name, Stack<PossibleValues> stack)
    {
        switch (name)
        {
            case "ldfld" or "ldflda":
                stack.Push(_search.ReadField(Pop(stack), _calls.Field(instruction)));
                return true;
            case "stfld":
                PossibleValues value = Pop(stack);
                _search.WriteField(Pop(stack), _calls.Field(instruction), value);
                return true;
            case "ldobj" or "ldind.ref":
                stack.Push(new(CodeSearch.Dereferenced(Pop(stack))));
                return true;
            case "stobj" or "stind.ref":
                value = Pop(stack);
                Put(value, Pop(stack));
                return true;
            case "castclass" or "isinst" or "unbox.any" or "box" or "unbox":
                return true;
            case "newarr":
                Pop(stack);
                Type elements = _calls.Type(instruction);
                stack.Push(new(_search.Made(_method, instruction.Offset, () => new MadeObject(elements.MakeArrayType()))));
                return true;
            case "stelem" or "stelem.ref":
                value = Pop(stack);
                Pop(stack);
                Put(value, Pop(stack));
                return true;
            case "ldelem" or "ldelem.ref":
                Pop(stack);
                stack.Push(new(Pop(stack).All.SelectMany(Elements)));
                return true;
            case "ldelema":
                Pop(stack);
                return true;
            default:
                return false;
        }
    }

    private static IEnumerable<object> Elements(object array) => array switch
    {
        MadeObject made => made.Elements.All,
        Array { Rank: 1 } items when !items.GetType().GetElementType()!.IsValueType => items.Cast<object?>().OfType<object>(),
        _ => Contents.Of(array, typeof(TorchSharp.torch.nn.Module)),
    };

    private void Put(PossibleValues value, PossibleValues places)
    {
        foreach (object place in places.All)
        {
            if (place is Variable variable)
                _search.AddTo(variable.Values, value);
            else if ((place is PartsOf parts ? parts.Source : place) is MadeObject made)
                _search.AddTo(made.Elements, value);
        }
    }

    private static void Skip(OpCode code, Stack<PossibleValues> stack)
    {
        if (code == OpCodes.Leave || code == OpCodes.Leave_S || code.FlowControl == FlowControl.Throw)
            stack.Clear();
        for (int count = StackChange.Pops(code); count > 0 && stack.Count > 0; count--)
            stack.Pop();
        for (int count = StackChange.Pushes(code); count > 0; count--)
            stack.Push(PossibleValues.None);
    }

    // A variable of a structure is the structure; the compiler makes one for closures of local functions and for state machines.
    private PossibleValues StartOf(Type type, int index) => type is { IsValueType: true, IsPrimitive: false, IsEnum: false }
        ? new(_search.Made(_method, -1 - index, () => new MadeObject(type)))
        : new();

    private static Variable Holding(PossibleValues values)
    {
        var variable = new Variable();
        variable.Values.Add(values);
        return variable;
    }

    private static PossibleValues Pop(Stack<PossibleValues> stack) => stack.TryPop(out PossibleValues? value) ? value : PossibleValues.None;

    // ldloc.2, ldloc.s, ldloc and ldloca: the number is in the name or is the operand.
    private static int? IndexOf(CodeInstruction instruction, string family)
    {
        string name = instruction.Code.Name!;
        if (!name.StartsWith(family, StringComparison.Ordinal))
            return null;
        return char.IsAsciiDigit(name[^1]) ? name[^1] - '0' : instruction.Operand;
    }
}
