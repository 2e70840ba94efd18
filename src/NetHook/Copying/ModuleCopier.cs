using System.Reflection;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>
/// Copies modules that live in .NET, which are nearly all: a shallow copy is made a module of its own by running the constructor of
/// TorchSharp's base class on it (that makes the native side, and empty registrations and hooks), then the fields are
/// copied, then the registrations in their order. No constructor or override of the module's own class runs.
/// </summary>
internal sealed class ModuleCopier : Copier
{
    private const BindingFlags Instance = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    private readonly ConstructorInfo _constructor;
    private readonly FieldPlan _plan;

    /// <summary>An empty list of children where the constructor takes that instead of the module's name.</summary>
    private readonly Array? _noChildren;

    private ModuleCopier(Type type, Type root)
    {
        _plan = FieldPlan.Of(type, LevelOfModules(type));
        if (root.GetConstructor(Instance, [typeof(string)]) is { } takesName)
        {
            _constructor = takesName;
            return;
        }

        Type child = root == typeof(Sequential) ? typeof(Module<Tensor, Tensor>) : typeof(Module);
        _noChildren = Array.CreateInstance(typeof(ValueTuple<,>).MakeGenericType(typeof(string), child), 0);
        _constructor = root.GetConstructor(Instance, [_noChildren.GetType()])!;
    }

    internal static Copier Make(Type type)
    {
        if (typeof(jit.ScriptModule).IsAssignableFrom(type))
            return new RefusingCopier("TorchSharp cannot copy what TorchScript compiled; load the file once more instead");
        // The native ones known are copied otherwise; of any other, half would be missing.
        if (type.Assembly == typeof(Module).Assembly && type != typeof(Sequential)
            && Array.Exists(type.GetConstructors(Instance), found => found.GetParameters() is [{ } first, ..] && first.ParameterType == typeof(nint)))
        {
            return new RefusingCopier("TorchSharp makes it natively, in a way that NetHook does not know");
        }

        return new ModuleCopier(type, Root(type));
    }

    internal override object Copy(object original, CopyContext context)
    {
        var module = (Module)original;
        if (TorchSharpInternals.NativeHandle(module).IsInvalid)
            throw context.Refused(module.GetType(), "it is disposed");

        var copy = (Module)ObjectCopier.Shallow(module);
        CopyContext.KeepFromFinalizer(copy);
        _constructor.Invoke(copy, [(object?)_noChildren ?? module.GetName()]);
        context.Own(copy);
        context.Remember(module, copy);

        _plan.CopyFields(module, copy, context);
        CopyRegistrations(module, copy, context);
        CopyState(module, copy, context);
        return copy;
    }

    /// <summary>Registers with a copy the copies of what is registered with the original and not yet with the copy.</summary>
    internal static void CopyRegistrations(Module original, Module copy, CopyContext context)
    {
        OrderedDict<string, Parameter> parameters = TorchSharpInternals.Parameters(copy);
        foreach ((string name, Parameter parameter) in TorchSharpInternals.Parameters(original))
        {
            if (!parameters.ContainsKey(name))
                parameters.Add(name, (Parameter)context.CopyPart(parameter, "." + name)!);
        }

        OrderedDict<string, (Tensor Buffer, bool Persistent)> buffers = TorchSharpInternals.Buffers(copy);
        foreach ((string name, (Tensor buffer, bool persistent)) in TorchSharpInternals.Buffers(original))
        {
            if (!buffers.ContainsKey(name))
                buffers.Add(name, ((Tensor)context.CopyPart(buffer, "." + name)!, persistent));
        }

        OrderedDict<string, Module> submodules = TorchSharpInternals.Submodules(copy);
        foreach ((string name, Module submodule) in TorchSharpInternals.Submodules(original))
            submodules.Add(name, (Module)context.CopyPart(submodule, "." + name)!);
    }

    /// <summary>Copies what the base class keeps, the mode of this module alone, and edits that are part of it.</summary>
    internal static void CopyState(Module original, Module copy, CopyContext context)
    {
        TorchSharpInternals.CopyBaseState(original, copy);
        context.AtLast(() => PermanentEdits.CopyTo(copy, original));
        if (!TorchSharpInternals.IsTraining(original))
            TorchSharpInternals.SetTraining(copy, false);
    }

    /// <summary>The class of TorchSharp that knows how to make the native side.</summary>
    private static Type Root(Type type)
    {
        Type root = type;
        while (root != typeof(Sequential) && !TorchSharpInternals.IsGenericSequential(root) && root.DeclaringType != typeof(nn))
            root = root.BaseType!;
        return root;
    }

    /// <summary>The class from which on down all fields belong to TorchSharp's workings.</summary>
    private static Type LevelOfModules(Type type)
    {
        Type level = type;
        while (level.DeclaringType != typeof(nn))
            level = level.BaseType!;
        return level;
    }
}
