using System.Reflection;
using TorchSharp;
using static TorchSharp.torch;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>A module cannot take the place of another. Nothing was replaced.</summary>
public sealed class ModuleReplacementException : InvalidOperationException
{
    private ModuleReplacementException(Module parent, string place, Type declaredType, Module before, Module after, string explanation)
        : base($"A {TypeNames.Of(after)} cannot take the place of the {TypeNames.Of(before)} at {TypeNames.Of(parent)}{place}: {explanation}")
    {
        ParentType = parent.GetType();
        Place = place;
        DeclaredType = declaredType;
        ReplacementType = after.GetType();
    }

    /// <summary>The type of the module that refers to the module to be replaced.</summary>
    public Type ParentType { get; }

    /// <summary>Where in the parent it does: <c>.layers[2]</c>, or <c>['2']</c> for an item of a container.</summary>
    public string Place { get; }

    /// <summary>The type that whatever is at that place must have.</summary>
    public Type DeclaredType { get; }

    /// <summary>The type of the module that was to take the place.</summary>
    public Type ReplacementType { get; }

    internal static ModuleReplacementException TooNarrow(Module parent, Slot slot, Module before, Module after) => new(
        parent, slot.Place, slot.Declared, before, after,
        $"it is declared as {TypeNames.Apart(slot.Declared, after.GetType()).First}. {slot.Advise(TypeNames.Of(Common(before.GetType(), after)))}".TrimEnd());

    internal static ModuleReplacementException NoSuchMethod(Module parent, Slot slot, MethodInfo method, Module before, Module after) => new(
        parent, slot.Place, slot.Declared, before, after,
        $"a delegate there calls {TypeNames.Of(method.DeclaringType!)}.{method.Name}, which a {TypeNames.Of(after)} does not have.");

    internal static ModuleReplacementException NotFound(Module parent, string name, Module before, Module after) => new(
        parent, $"['{name}']", typeof(Module), before, after,
        $"{TypeNames.Of(parent)} lists it as its child, and does not hold it in a field, list or dictionary that could be changed.");

    internal static ModuleReplacementException OtherRuns(Module parent, string name, Module before, Module after, string why) => new(
        parent, $"['{name}']", typeof(Module), before, after, why);

    /// <summary>What to declare, so that both modules can be there and as many others as possible: all that are called in the same way.</summary>
    private static Type Common(Type before, Module after) =>
        HookableTypes.CalledAs(before) is { } called && called.IsInstanceOfType(after) ? called : typeof(Module);
}
