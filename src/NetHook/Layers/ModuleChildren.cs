using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch.nn;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>
/// The children of a module under their names, as <c>named_children()</c> means them, found without walking through all.
/// </summary>
/// <remarks>
/// What a container runs comes first: the layers of a Sequential, the items of a ModuleList or ModuleDict, registered or
/// not. What is registered beside them under another name follows. A type that overrides <c>named_children()</c> is asked.
/// </remarks>
internal abstract class ModuleChildren
{
    private static readonly ConcurrentDictionary<Type, ModuleChildren> Readers = new();

    internal static Module? Find(Module parent, string name) => For(parent).FindChild(parent, name);

    /// <summary>The children in order. Where a Sequential has two layers of one name, the first: no path leads to the second.</summary>
    internal static List<(string Name, Module Module)> Of(Module parent)
    {
        var children = new List<(string, Module)>();
        For(parent).ListChildren(parent, children);
        return children;
    }

    protected abstract Module? FindChild(Module parent, string name);

    protected abstract void ListChildren(Module parent, List<(string Name, Module Module)> children);

    /// <summary>The position that a child's name stands for, if it is written as TorchSharp writes it: no sign, no leading zero.</summary>
    internal static bool IsPosition(string name, int count, out int position) =>
        int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out position)
        && position < count
        && (name.Length == 1 || name[0] != '0');

    private protected static Module? FindRegistered(Module parent, string name) =>
        TorchSharpInternals.Submodules(parent).TryGetValue(name, out Module? child) ? child : null;

    private protected static void ListRegistered(Module parent, List<(string Name, Module Module)> children)
    {
        OrderedDict<string, Module> registered = TorchSharpInternals.Submodules(parent);
        if (registered.Count == 0)
            return;

        HashSet<string>? listed = children.Count == 0 ? null : children.Select(child => child.Name).ToHashSet();
        foreach ((string name, Module child) in (IEnumerable<(string, Module)>)registered)
        {
            if (listed?.Contains(name) != true)
                children.Add((name, child));
        }
    }

    private static ModuleChildren For(Module parent)
    {
        Type type = parent.GetType();
        return Readers.TryGetValue(type, out ModuleChildren? reader) ? reader : Readers.GetOrAdd(type, Make);
    }

    private static ModuleChildren Make(Type type)
    {
        Type lister = type.GetMethod(nameof(Module.named_children), BindingFlags.Instance | BindingFlags.Public, [])!.DeclaringType!;
        if (lister.Assembly != typeof(Module).Assembly || typeof(TorchSharp.torch.jit.ScriptModule).IsAssignableFrom(type))
            return new OverriddenChildren();
        if (typeof(Sequential).IsAssignableFrom(type))
            return new SequentialChildren();
        if (TorchSharpInternals.GenericSequentialFields(type) is { } fields)
            return new GenericSequentialChildren(fields.Modules, fields.Names);

        for (Type? ancestor = type; ancestor is not null; ancestor = ancestor.BaseType)
        {
            Type? definition = ancestor.IsGenericType ? ancestor.GetGenericTypeDefinition() : null;
            Type? reader = definition == typeof(ModuleList<>) ? typeof(ModuleListChildren<>)
                : definition == typeof(ModuleDict<>) ? typeof(ModuleDictChildren<>)
                : null;
            if (reader is not null)
                return (ModuleChildren)Activator.CreateInstance(reader.MakeGenericType(ancestor.GetGenericArguments()))!;
        }

        return new RegisteredChildren();
    }

    private sealed class RegisteredChildren : ModuleChildren
    {
        protected override Module? FindChild(Module parent, string name) => FindRegistered(parent, name);

        protected override void ListChildren(Module parent, List<(string Name, Module Module)> children) => ListRegistered(parent, children);
    }

    private sealed class OverriddenChildren : ModuleChildren
    {
        protected override Module? FindChild(Module parent, string name) =>
            parent.named_children().FirstOrDefault(child => child.name == name).module;

        protected override void ListChildren(Module parent, List<(string Name, Module Module)> children) =>
            children.AddRange(parent.named_children());
    }

    private sealed class SequentialChildren : ModuleChildren
    {
        protected override Module? FindChild(Module parent, string name)
        {
            (List<IModule<torch.Tensor, torch.Tensor>>? modules, List<string>? names) = TorchSharpInternals.Layers((Sequential)parent);
            int position = LayerNames.Find(names, name);
            return position >= 0 ? (Module)modules[position] : FindRegistered(parent, name);
        }

        protected override void ListChildren(Module parent, List<(string Name, Module Module)> children)
        {
            (List<IModule<torch.Tensor, torch.Tensor>>? modules, List<string>? names) = TorchSharpInternals.Layers((Sequential)parent);
            for (int i = 0; i < names.Count; i++)
            {
                if (LayerNames.Find(names, names[i]) == i)
                    children.Add((names[i], (Module)modules[i]));
            }

            ListRegistered(parent, children);
        }
    }

    private sealed class GenericSequentialChildren(FieldInfo modulesField, FieldInfo namesField) : ModuleChildren
    {
        protected override Module? FindChild(Module parent, string name)
        {
            int position = LayerNames.Find((List<string>)namesField.GetValue(parent)!, name);
            return position >= 0 ? ((List<Module>)modulesField.GetValue(parent)!)[position] : FindRegistered(parent, name);
        }

        protected override void ListChildren(Module parent, List<(string Name, Module Module)> children)
        {
            var modules = (List<Module>)modulesField.GetValue(parent)!;
            var names = (List<string>)namesField.GetValue(parent)!;
            for (int i = 0; i < names.Count; i++)
            {
                if (LayerNames.Find(names, names[i]) == i)
                    children.Add((names[i], modules[i]));
            }

            ListRegistered(parent, children);
        }
    }

    private sealed class ModuleListChildren<T> : ModuleChildren
        where T : Module
    {
        protected override Module? FindChild(Module parent, string name)
        {
            var list = (ModuleList<T>)parent;
            return IsPosition(name, list.Count, out int position) ? list[position] : FindRegistered(parent, name);
        }

        protected override void ListChildren(Module parent, List<(string Name, Module Module)> children)
        {
            var list = (ModuleList<T>)parent;
            for (int i = 0; i < list.Count; i++)
                children.Add((i.ToString(CultureInfo.InvariantCulture), list[i]));
            ListRegistered(parent, children);
        }
    }

    private sealed class ModuleDictChildren<T> : ModuleChildren
        where T : Module
    {
        protected override Module? FindChild(Module parent, string name) =>
            ((ModuleDict<T>)parent).TryGetValue(name, out T? child) ? child : FindRegistered(parent, name);

        protected override void ListChildren(Module parent, List<(string Name, Module Module)> children)
        {
            var dict = (ModuleDict<T>)parent;
            for (int i = 0; i < dict.Count; i++)
                children.Add(dict[i]);
            ListRegistered(parent, children);
        }
    }
}
