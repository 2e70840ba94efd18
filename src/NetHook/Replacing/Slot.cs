using System.Collections;
using System.Reflection;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>A place that holds a reference: a field, an item, an entry.</summary>
/// <param name="place">How the place is reached from the module that it belongs to: <c>.layers[2]</c>.</param>
/// <param name="declared">The type of what it may hold.</param>
internal abstract class Slot(string place, Type declared)
{
    internal string Place { get; } = place;

    internal Type Declared { get; } = declared;

    internal abstract object? Value { get; set; }

    /// <summary>What to do about a type that is too narrow.</summary>
    internal virtual string Advise(string wider) => $"Declare it as {wider}.";
}

/// <summary>A field of a class. A field that is read-only for programs can be set nevertheless.</summary>
internal sealed class FieldSlot(object owner, FieldInfo found, string place) : Slot(place, found.FieldType)
{
    internal override object? Value
    {
        get => found.GetValue(owner);
        set => found.SetValue(owner, value);
    }
}

/// <summary>A field of a structure, a tuple for instance, which has to be put back whole.</summary>
internal sealed class PartSlot(Slot whole, FieldInfo part, string place) : Slot(place, part.FieldType)
{
    internal override object? Value
    {
        get => part.GetValue(whole.Value);
        set
        {
            object? changed = whole.Value;
            part.SetValue(changed, value);
            whole.Value = changed;
        }
    }
}

internal sealed class ArraySlot(Array array, int[] indices, string place) : Slot(place, array.GetType().GetElementType()!)
{
    internal override object? Value
    {
        get => array.GetValue(indices);
        set => array.SetValue(value, indices);
    }

    internal override string Advise(string wider) => $"Declare the items as {wider}.";
}

internal sealed class EntrySlot(IDictionary dictionary, object key, Type declared, string place) : Slot(place, declared)
{
    internal override object? Value
    {
        get => dictionary[key];
        set => dictionary[key] = value;
    }

    internal override string Advise(string wider) => $"Declare the values as {wider}.";
}

internal sealed class RegistrationSlot(Module parent, string name) : Slot($"['{name}']", typeof(Module))
{
    internal override object? Value
    {
        get => TorchSharpInternals.Submodules(parent)[name];
        set => TorchSharpInternals.Submodules(parent)[name] = (Module)value!;
    }
}
