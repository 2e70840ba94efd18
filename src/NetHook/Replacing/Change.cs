using System.Collections;
using System.Reflection;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>A step of a replacement, which can be undone.</summary>
internal abstract class Change
{
    internal abstract void Make();

    internal abstract void Undo();
}

/// <summary>Puts something else in a place.</summary>
internal sealed class SlotChange(Slot slot, object? before, object? after) : Change
{
    internal override void Make() => slot.Value = after;

    internal override void Undo() => slot.Value = before;
}

/// <summary>Gives what is looked up by a module to another.</summary>
internal sealed class KeyChange(IDictionary dictionary, Module before, Module after) : Change
{
    internal override void Make() => Move(before, after);

    internal override void Undo() => Move(after, before);

    private void Move(Module from, Module to)
    {
        object? value = dictionary[from];
        dictionary.Remove(from);
        dictionary.Add(to, value);
    }
}

/// <summary>Puts another module into a set.</summary>
internal sealed class MemberChange<T>(HashSet<T> set, T before, T after) : Change
{
    internal override void Make()
    {
        set.Remove(before);
        set.Add(after);
    }

    internal override void Undo()
    {
        set.Remove(after);
        set.Add(before);
    }
}
