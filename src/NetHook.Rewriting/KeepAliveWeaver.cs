using System.Collections.Generic;
using System.IO;
using System.Linq;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace NetHook.Rewriting;

/// <summary>
/// Makes TorchSharp hold the tensors and scalars of each call until native code is done with them. As published, its methods
/// read the native pointer of an object and let go of it: in <c>x * 0.5</c> or <c>(a + b).sum()</c>, the finalizer may free what
/// native code still reads.
/// </summary>
/// <remarks>
/// Each object whose pointer is read is put into a local, and that local, <c>this</c> and the arguments are handed to
/// <c>GC.KeepAlive</c> before the method returns, which costs nothing at run time. Out of reach are the tensors of a lazy sequence:
/// TorchSharp puts their pointers into an array, and nothing refers to the tensors themselves.
/// </remarks>
internal sealed class KeepAliveWeaver
{
    private const string Pointer = "System.IntPtr";

    // A type of this name says that the assembly was changed.
    private const string Mark = "HeldDuringNativeCalls";

    private MethodReference _keepAlive = null!;

    /// <summary>How many methods were changed.</summary>
    public int Methods { get; private set; }

    /// <summary>Changes TorchSharp's assembly.</summary>
    /// <returns>Whether anything was changed; false for what was changed already.</returns>
    /// <exception cref="InvalidDataException">The assembly is not TorchSharp, or one that is made otherwise.</exception>
    public bool Rewrite(ModuleDefinition module)
    {
        RequireKnown(module);
        if (module.Types.Any(type => type.Name == Mark))
            return false;
        _keepAlive = KeepAlive(module);
        foreach (MethodDefinition method in module.GetTypes().SelectMany(type => type.Methods).Where(method => method.HasBody).ToList())
            Rewrite(method);
        module.Types.Add(new("NetHook", Mark, TypeAttributes.NotPublic | TypeAttributes.Abstract | TypeAttributes.Sealed, module.TypeSystem.Object));
        return true;
    }

    private static void RequireKnown(ModuleDefinition module)
    {
        if (module.Assembly?.Name.Name != "TorchSharp")
            throw new InvalidDataException("it is not TorchSharp");
        foreach (string type in new[] { "TorchSharp.Scalar", "TorchSharp.torch/Tensor" })
        {
            bool known = module.GetType(type)?.Properties.Any(property => property.Name == "Handle" && property.PropertyType.FullName == Pointer) ?? false;
            if (!known)
                throw new InvalidDataException($"it is TorchSharp {module.Assembly.Name.Version.ToString(3)}, whose {type.Split('.', '/').Last()} has no Handle");
        }
    }

    private void Rewrite(MethodDefinition method)
    {
        var reads = method.Body.Instructions.Where(ReadsPointer).ToList();
        if ((reads.Count == 0 && !method.Body.Instructions.Any(CallsNative)) || method.Name is "Finalize")
            return;
        LengthenBranches(method.Body);
        var held = reads.Select(read => Hold(method, read)).ToList();
        held.AddRange(Arguments(method).Select(argument => Instruction.Create(OpCodes.Ldarg, argument)));
        if (held.Count == 0)
            return;
        foreach (Instruction end in method.Body.Instructions.Where(instruction => instruction.OpCode.Code == Code.Ret).ToList())
            KeepUntil(method, end, held);
        Methods++;
    }

    // Instructions are changed in place and followed by new ones, so that what jumps to them need not be changed.
    private static Instruction Hold(MethodDefinition method, Instruction read)
    {
        var local = new VariableDefinition(((MemberReference)read.Operand).DeclaringType);
        method.Body.Variables.Add(local);
        method.Body.InitLocals = true;
        ILProcessor il = method.Body.GetILProcessor();
        il.InsertAfter(read, Instruction.Create(OpCodes.Stloc, local));
        il.InsertAfter(read.Next, Copy(read));
        (read.OpCode, read.Operand) = (OpCodes.Dup, null);
        return Instruction.Create(OpCodes.Ldloc, local);
    }

    private void KeepUntil(MethodDefinition method, Instruction end, List<Instruction> held)
    {
        ILProcessor il = method.Body.GetILProcessor();
        Instruction last = end;
        foreach (Instruction load in held.Skip(1))
        {
            last = Append(il, last, Instruction.Create(OpCodes.Call, _keepAlive));
            last = Append(il, last, Copy(load));
        }

        last = Append(il, last, Instruction.Create(OpCodes.Call, _keepAlive));
        Append(il, last, Instruction.Create(OpCodes.Ret));
        (end.OpCode, end.Operand) = (held[0].OpCode, held[0].Operand);
    }

    private static Instruction Append(ILProcessor il, Instruction last, Instruction next)
    {
        il.InsertAfter(last, next);
        return next;
    }

    private static Instruction Copy(Instruction instruction)
    {
        var copy = Instruction.Create(OpCodes.Nop);
        (copy.OpCode, copy.Operand) = (instruction.OpCode, instruction.Operand);
        return copy;
    }

    /// <summary>Whether the native pointer of an object is read: of a tensor, a scalar, a generator.</summary>
    private static bool ReadsPointer(Instruction instruction) => instruction.Previous?.OpCode.OpCodeType != OpCodeType.Prefix && instruction switch
    {
        { OpCode.Code: Code.Call or Code.Callvirt, Operand: MethodReference { Name: "get_Handle", HasThis: true } getter } =>
            getter.ReturnType.FullName == Pointer && !getter.DeclaringType.IsValueType,
        { OpCode.Code: Code.Ldfld, Operand: FieldReference { Name: "handle" or "_handle" } field } =>
            field.FieldType.FullName == Pointer && !field.DeclaringType.IsValueType,
        _ => false,
    };

    private static bool CallsNative(Instruction instruction) =>
        instruction is { OpCode.Code: Code.Call, Operand: MethodDefinition { IsPInvokeImpl: true } };

    /// <summary>The arguments that are objects, <c>this</c> first. What is handed by reference cannot be held.</summary>
    private static IEnumerable<ParameterDefinition> Arguments(MethodDefinition method)
    {
        if (method.HasThis && !method.DeclaringType.IsValueType)
            yield return method.Body.ThisParameter;
        foreach (ParameterDefinition parameter in method.Parameters.Where(parameter => IsObject(parameter.ParameterType)))
            yield return parameter;
    }

    private static bool IsObject(TypeReference type) =>
        !type.IsValueType && !type.IsByReference && !type.IsPointer && !type.IsGenericParameter && !type.IsFunctionPointer && type is not IModifierType;

    private static MethodReference KeepAlive(ModuleDefinition module)
    {
        var collector = new TypeReference("System", "GC", module, module.TypeSystem.CoreLibrary);
        var method = new MethodReference("KeepAlive", module.TypeSystem.Void, collector);
        method.Parameters.Add(new(module.TypeSystem.Object));
        return method;
    }

    // A short branch reaches 127 bytes, and what it jumps over grows.
    private static void LengthenBranches(MethodBody body)
    {
        foreach (Instruction instruction in body.Instructions)
        {
            instruction.OpCode = instruction.OpCode.Code switch
            {
                Code.Br_S => OpCodes.Br,
                Code.Brtrue_S => OpCodes.Brtrue,
                Code.Brfalse_S => OpCodes.Brfalse,
                Code.Beq_S => OpCodes.Beq,
                Code.Bge_S => OpCodes.Bge,
                Code.Bge_Un_S => OpCodes.Bge_Un,
                Code.Bgt_S => OpCodes.Bgt,
                Code.Bgt_Un_S => OpCodes.Bgt_Un,
                Code.Ble_S => OpCodes.Ble,
                Code.Ble_Un_S => OpCodes.Ble_Un,
                Code.Blt_S => OpCodes.Blt,
                Code.Blt_Un_S => OpCodes.Blt_Un,
                Code.Bne_Un_S => OpCodes.Bne_Un,
                Code.Leave_S => OpCodes.Leave,
                _ => instruction.OpCode,
            };
        }
    }
}
