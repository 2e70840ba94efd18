using System.Collections.Generic;
using System.Linq;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace NetHook.Rewriting;

/// <summary>Finds what a method named <c>call</c> runs on its own module: were that rewritten, the hooks would run twice, or without end.</summary>
/// <remarks>
/// It follows the value of <c>this</c> over the stack and through locals, in the method, its lambdas and local functions, and what the
/// compiler made of it if it is asynchronous or an iterator.
/// </remarks>
internal sealed class Receivers
{
    private readonly MethodBody _body;
    private readonly HashSet<Instruction> _onOwnModule = [];
    private readonly HashSet<int> _ownLocals = [];
    private readonly HashSet<int> _otherLocals = [];

    private Receivers(MethodBody body) => _body = body;

    /// <summary>The instructions that use a method of the object's own module; none if the method is not, and is not part of, a <c>call</c>.</summary>
    public static HashSet<Instruction> OwnModuleIn(MethodDefinition method)
    {
        if (!IsPartOfCall(method))
            return [];
        var receivers = new Receivers(method.Body);
        int known;
        do
        {
            known = receivers._ownLocals.Count - receivers._otherLocals.Count;
            receivers._onOwnModule.Clear();
            receivers.Follow();
        }
        while (receivers._ownLocals.Count - receivers._otherLocals.Count != known);
        return receivers._onOwnModule;
    }

    // Lambdas of a method M are <M>b__0, local functions <M>g__F|0_0, and a state machine is a nested type <M>d__0.
    private static bool IsPartOfCall(MethodDefinition method)
    {
        if (IsCall(method.Name))
            return true;
        for (TypeDefinition? type = method.DeclaringType; type is not null; type = type.DeclaringType)
        {
            if (type.Name.Contains("<call>") || type.Name.StartsWith("VB$StateMachine_") && type.Name.EndsWith("_call"))
                return true;
        }

        return false;
    }

    private static bool IsCall(string name) => name == "call" || name.EndsWith(".call") || name.Contains("<call>") || name.Contains(".call>");

    private void Follow()
    {
        var atTargets = new Dictionary<Instruction, bool[]>();
        foreach (ExceptionHandler? handler in _body.ExceptionHandlers.Where(handler => handler.HandlerType is ExceptionHandlerType.Catch or ExceptionHandlerType.Filter))
        {
            atTargets[handler.HandlerStart] = [false];
            if (handler.FilterStart is not null)
                atTargets[handler.FilterStart] = [false];
        }

        // True for a value that is the own module. Compilers leave nothing on the stack across a jump back.
        var stack = new Stack<bool>();
        bool reachable = true;
        foreach (Instruction? instruction in _body.Instructions)
        {
            if (atTargets.TryGetValue(instruction, out bool[]? kept))
                stack = new((reachable ? Both(kept, [.. stack]) : kept).Reverse());
            else if (!reachable)
                stack.Clear();

            Step(instruction, stack);
            foreach (Instruction target in Targets(instruction))
                atTargets[target] = atTargets.TryGetValue(target, out bool[]? before) ? Both(before, [.. stack]) : [.. stack];
            reachable = instruction.OpCode.FlowControl is not (FlowControl.Branch or FlowControl.Return or FlowControl.Throw);
        }
    }

    private static bool[] Both(bool[] one, bool[] other) => [.. one.Zip(other, (left, right) => left && right)];

    private static Instruction[] Targets(Instruction instruction) => instruction.Operand switch
    {
        Instruction target => [target],
        Instruction[] targets => targets,
        _ => [],
    };

    private void Step(Instruction instruction, Stack<bool> stack)
    {
        Code code = instruction.OpCode.Code;
        int taken = Pops(instruction, stack.Count);
        bool[] popped = new bool[taken];
        for (int index = taken - 1; index >= 0; index--)
            popped[index] = stack.Count > 0 && stack.Pop();
        bool receiver = taken > 0 && popped[0];

        if (code is Code.Callvirt or Code.Ldvirtftn or Code.Ldftn && receiver)
            _onOwnModule.Add(instruction);
        if (StoredLocal(instruction) is { } stored)
            (receiver ? _ownLocals : _otherLocals).Add(stored);

        bool pushed = code switch
        {
            Code.Ldarg_0 => IsModuleItself(instruction),
            Code.Ldfld => IsOwner((FieldReference)instruction.Operand),
            Code.Castclass or Code.Dup or Code.Box or Code.Isinst => receiver,
            _ => LoadedLocal(instruction) is { } loaded && _ownLocals.Contains(loaded) && !_otherLocals.Contains(loaded),
        };
        for (int count = Pushes(instruction); count > 0; count--)
            stack.Push(pushed);
    }

    private bool IsModuleItself(Instruction instruction) => _body.Method.HasThis && !IsMachine(_body.Method.DeclaringType);

    private static bool IsMachine(TypeDefinition type) => type.Name[0] == '<' || type.Name.StartsWith("_Closure$") || type.Name.StartsWith("VB$");

    // C# and Visual Basic keep the object of a lambda or state machine in fields of these names.
    private static bool IsOwner(FieldReference field) => field.Name is "<>4__this" or "$VB$Me";

    private static int? StoredLocal(Instruction instruction) => instruction.OpCode.Code switch
    {
        >= Code.Stloc_0 and <= Code.Stloc_3 => instruction.OpCode.Code - Code.Stloc_0,
        Code.Stloc or Code.Stloc_S => ((VariableDefinition)instruction.Operand).Index,
        _ => null,
    };

    private static int? LoadedLocal(Instruction instruction) => instruction.OpCode.Code switch
    {
        >= Code.Ldloc_0 and <= Code.Ldloc_3 => instruction.OpCode.Code - Code.Ldloc_0,
        Code.Ldloc or Code.Ldloc_S => ((VariableDefinition)instruction.Operand).Index,
        _ => null,
    };

    private static int Pops(Instruction instruction, int depth) => instruction.OpCode.StackBehaviourPop switch
    {
        StackBehaviour.Pop0 => 0,
        StackBehaviour.Pop1 or StackBehaviour.Popi or StackBehaviour.Popref => 1,
        StackBehaviour.Pop1_pop1 or StackBehaviour.Popi_pop1 or StackBehaviour.Popi_popi or StackBehaviour.Popi_popi8 or StackBehaviour.Popi_popr4
            or StackBehaviour.Popi_popr8 or StackBehaviour.Popref_pop1 or StackBehaviour.Popref_popi => 2,
        StackBehaviour.PopAll => depth,
        StackBehaviour.Varpop => instruction.Operand switch
        {
            IMethodSignature method => method.Parameters.Count + (method.HasThis && !method.ExplicitThis && instruction.OpCode.Code != Code.Newobj ? 1 : 0)
                + (instruction.OpCode.Code == Code.Calli ? 1 : 0),
            _ => depth,
        },
        _ => 3,
    };

    private static int Pushes(Instruction instruction) => instruction.OpCode.StackBehaviourPush switch
    {
        StackBehaviour.Push0 => 0,
        StackBehaviour.Push1_push1 => 2,
        StackBehaviour.Varpush => instruction.Operand is IMethodSignature { ReturnType.FullName: not "System.Void" } || instruction.OpCode.Code == Code.Newobj ? 1 : 0,
        _ => 1,
    };
}
