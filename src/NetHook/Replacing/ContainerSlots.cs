using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>The places in which TorchSharp's containers hold their children.</summary>
internal static class ContainerSlots
{
    /// <summary>The place of the child of that name; null if the module is no container, or has the child registered beside those it contains.</summary>
    internal static Slot? Find(Module parent, string name)
    {
        if (parent is Sequential sequential)
        {
            (List<IModule<Tensor, Tensor>>? modules, List<string>? names) = TorchSharpInternals.Layers(sequential);
            return LayerNames.Find(names, name) is >= 0 and var position
                ? new ItemSlot<IModule<Tensor, Tensor>>(modules, position, name, _ => "A Sequential takes modules of one tensor to another.")
                : null;
        }

        if (TorchSharpInternals.GenericSequentialFields(parent.GetType()) is { } fields)
        {
            return LayerNames.Find((List<string>)fields.Names.GetValue(parent)!, name) is >= 0 and var position
                ? new ItemSlot<Module>((List<Module>)fields.Modules.GetValue(parent)!, position, name, _ => "")
                : null;
        }

        for (Type? ancestor = parent.GetType(); ancestor is { IsGenericType: true }; ancestor = ancestor.BaseType)
        {
            Type definition = ancestor.GetGenericTypeDefinition();
            if (definition == typeof(ModuleList<>) || definition == typeof(ModuleDict<>))
            {
                Type finder = (definition == typeof(ModuleList<>) ? typeof(ListFinder<>) : typeof(DictFinder<>)).MakeGenericType(ancestor.GetGenericArguments());
                return ((Finder)Activator.CreateInstance(finder)!).Find(parent, name);
            }
        }

        return null;
    }

    private abstract class Finder
    {
        internal abstract Slot? Find(Module parent, string name);
    }

    private sealed class ListFinder<T> : Finder
        where T : Module
    {
        internal override Slot? Find(Module parent, string name)
        {
            var list = (ModuleList<T>)parent;
            return ModuleChildren.IsPosition(name, list.Count, out int position)
                ? new ItemSlot<T>(list, position, name, wider => $"Make it a ModuleList<{wider}>.")
                : null;
        }
    }

    private sealed class DictFinder<T> : Finder
        where T : Module
    {
        internal override Slot? Find(Module parent, string name)
        {
            var dict = (ModuleDict<T>)parent;
            return dict.ContainsKey(name) ? new DictSlot<T>(dict, name) : null;
        }
    }

    private sealed class ItemSlot<T>(IList<T> items, int position, string name, Func<string, string> advise) : Slot($"['{name}']", typeof(T))
    {
        internal override object? Value
        {
            get => items[position];
            set => items[position] = (T)value!;
        }

        internal override string Advise(string wider) => advise(wider);
    }

    private sealed class DictSlot<T>(ModuleDict<T> dict, string name) : Slot($"['{name}']", typeof(T))
        where T : Module
    {
        internal override object? Value
        {
            get => dict[name];
            set => dict[name] = (T)value!;
        }

        internal override string Advise(string wider) => $"Make it a ModuleDict<{wider}>.";
    }
}
