using System.Collections.Concurrent;
using System.Reflection;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>
/// Numbers the leaves of nested Sequentials, in the order in which they run. A leaf is whatever cannot be cut: any other module, and a
/// Sequential subclass with a forward of its own.
/// </summary>
internal static class SequentialLeaves
{
    private static readonly ConcurrentDictionary<Type, bool> RunsInOrder = new();

    internal static bool CanBeCut(Module module) => module is Sequential
        && (module.GetType() == typeof(Sequential) || RunsInOrder.GetOrAdd(module.GetType(), static type =>
            type.GetMethod(nameof(Sequential.forward), BindingFlags.Instance | BindingFlags.Public, [typeof(Tensor)])!.DeclaringType == typeof(Sequential)));

    internal static int Count(Module module)
    {
        if (!CanBeCut(module))
            return 1;
        int leaves = 0;
        foreach (nn.IModule<Tensor, Tensor> child in TorchSharpInternals.Layers((Sequential)module).Modules)
            leaves += Count((Module)child);
        return leaves;
    }

    /// <summary>The leaves of the module of that path, one name a step.</summary>
    /// <exception cref="ModuleNotFoundException">A Sequential has no layer of the name.</exception>
    /// <exception cref="ArgumentException">The path leads into something that cannot be cut.</exception>
    internal static LayerRange Find(Module root, ReadOnlySpan<string> path)
    {
        (Module module, int start) = (root, 0);
        for (int depth = 0; depth < path.Length; depth++)
        {
            if (!CanBeCut(module))
                throw new ArgumentException(Uncuttable(module, path, depth));
            (List<nn.IModule<Tensor, Tensor>>? modules, List<string>? names) = TorchSharpInternals.Layers((Sequential)module);
            int position = LayerNames.Find(names, path[depth]);
            if (position < 0)
                throw new ModuleNotFoundException(root, string.Join('.', path!));
            foreach (nn.IModule<Tensor, Tensor> before in modules.Take(position))
                start += Count((Module)before);
            module = (Module)modules[position];
        }

        return new(start, start + Count(module));
    }

    /// <summary>The steps of a path. A name within a Sequential may hold dots.</summary>
    internal static string[] Split(Module root, string path)
    {
        if (path.Length == 0)
            return [];
        for (int end = ModuleTree.EndOfSegment(path, 0); CanBeCut(root); end = ModuleTree.EndOfSegment(path, end + 1))
        {
            (List<nn.IModule<Tensor, Tensor>>? modules, List<string>? names) = TorchSharpInternals.Layers((Sequential)root);
            if (LayerNames.Find(names, path[..end]) is >= 0 and var position)
                return end == path.Length ? [path] : [path[..end], .. Split((Module)modules[position], path[(end + 1)..])];
            if (end == path.Length)
                break;
        }

        return path.Split('.');
    }

    private static string Uncuttable(Module module, ReadOnlySpan<string> path, int depth)
    {
        (string within, string whole) = (MessageText.Quote(string.Join('.', path[..depth]!)), string.Join('.', path!));
        return module is Sequential
            ? $"A subsequence cannot begin or end at '{whole}': {within} is a {TypeNames.Of(module)}, a Sequential with a forward of its own, which has to be taken whole."
            : $"A subsequence cannot begin or end at '{whole}': {within} is a {TypeNames.Of(module)}, not a Sequential, and has to be taken whole.";
    }
}
