using System.Collections.Generic;
using System.IO;
using System.Linq;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace NetHook.Rewriting;

/// <summary>Makes code that runs modules by <c>forward</c>, which runs no hooks, run them by <c>call</c>.</summary>
internal sealed class ForwardWeaver
{
    private readonly List<ForwardSite> _kept = [];

    /// <summary>How many places were rewritten.</summary>
    public int Rewritten { get; private set; }

    /// <summary>The places that were left as they are, in the order of the assembly.</summary>
    public IReadOnlyList<ForwardSite> Kept => _kept;

    /// <summary>Rewrites a module's code.</summary>
    /// <returns>Whether anything was changed.</returns>
    /// <exception cref="InvalidDataException">TorchSharp's assembly lacks the method to be called.</exception>
    public bool Rewrite(ModuleDefinition module)
    {
        if (module.AssemblyReferences.All(reference => reference.Name != "TorchSharp"))
            return false;
        foreach (TypeDefinition? type in module.GetTypes())
        {
            foreach (MethodDefinition? method in type.Methods.Where(method => method.HasBody))
                Rewrite(method, module);
        }

        return Rewritten > 0;
    }

    private void Rewrite(MethodDefinition method, ModuleDefinition module)
    {
        // A body is read when it is asked for: most have nothing to rewrite, and none is changed in this loop.
        var sites = method.Body.Instructions.Where(IsForward).ToList();
        if (sites.Count == 0)
            return;
        HashSet<Instruction> receivers = Receivers.OwnModuleIn(method);
        foreach (Instruction? site in sites)
        {
            var forward = (MethodReference)site.Operand;
            if (ModuleTypes.FirstMissing(forward.DeclaringType) is { } missing)
                Keep(method, site, $"{missing.FullName}, from which it derives, is not found");
            else if (!ModuleTypes.IsModule(forward.DeclaringType))
                continue;
            else if (ForwardMethod.CallOf(forward, module) is not { } call)
                Keep(method, site, "call() has no such overload");
            else if (site.OpCode.Code is Code.Call or Code.Ldftn)
                Keep(method, site, "it is base.forward, or bound to this very method");
            else if (receivers.Contains(site))
                Keep(method, site, "it is what a method named call runs on its own module");
            else if (site.OpCode.Code == Code.Ldvirtftn && site.Previous?.OpCode.Code != Code.Dup)
                Keep(method, site, "no delegate is made of it");
            else
                Replace(site, call);
        }
    }

    private static bool IsForward(Instruction instruction) =>
        instruction.OpCode.Code is Code.Callvirt or Code.Call or Code.Ldvirtftn or Code.Ldftn
        && instruction.Operand is MethodReference { Name: ForwardMethod.Name, HasThis: true };

    private void Replace(Instruction site, MethodReference call)
    {
        Rewritten++;
        if (site.OpCode.Code == Code.Callvirt)
        {
            site.Operand = call;
            return;
        }

        // call() is not virtual: the delegate's object stays on the stack, and no second one is needed to find the method.
        site.Previous.OpCode = OpCodes.Nop;
        site.OpCode = OpCodes.Ldftn;
        site.Operand = call;
    }

    private void Keep(MethodDefinition method, Instruction site, string reason)
    {
        SequencePoint? point = method.DebugInformation.HasSequencePoints
            ? method.DebugInformation.SequencePoints.LastOrDefault(point => point.Offset <= site.Offset && !point.IsHidden)
            : null;
        var forward = (MethodReference)site.Operand;
        string arguments = string.Join(", ", forward.Parameters.Select(parameter => Simple(ModuleTypes.Close(parameter.ParameterType, forward.DeclaringType as GenericInstanceType).Name)));
        _kept.Add(new(
            Written(method),
            $"{Simple(forward.DeclaringType.Name)}.forward({arguments})",
            reason,
            point?.Document.Url,
            point?.StartLine ?? 0));
    }

    /// <summary>The method as it is in the source: lambdas, local functions and state machines stand for the method around them.</summary>
    private static string Written(MethodDefinition method)
    {
        string name = method.Name;
        TypeDefinition type = method.DeclaringType;
        for (; type.DeclaringType is not null && type.Name[0] == '<'; type = type.DeclaringType)
        {
            if (name[0] != '<' && type.Name.IndexOf('>') > 1)
                name = type.Name;
        }

        return $"{Simple(type.Name)}.{(name[0] == '<' ? name.TrimStart('<').Split('>')[0] : name)}";
    }

    private static string Simple(string name) => name.Split('`')[0];
}
