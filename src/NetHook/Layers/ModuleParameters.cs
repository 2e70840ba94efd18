using System.Globalization;
using TorchSharp.Modules;
using static TorchSharp.torch.nn;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>
/// The parameters of modules under their names. As with <see cref="ModuleChildren"/>, what a ParameterList or
/// ParameterDict holds comes before what is registered with it.
/// </summary>
internal static class ModuleParameters
{
    /// <summary>The parameter at a path. Native and scripted modules own parameters whose names hold dots.</summary>
    internal static Parameter? Find(Module module, string path) => Find(module, path, 0);

    /// <summary>The parameters of a module itself, in order.</summary>
    internal static IEnumerable<(string Name, Parameter Parameter)> Of(Module module)
    {
        var listed = new HashSet<string>();
        if (module is ParameterList list)
        {
            for (int i = 0; i < list.Count; i++)
            {
                listed.Add(i.ToString(CultureInfo.InvariantCulture));
                yield return (i.ToString(CultureInfo.InvariantCulture), list[i]);
            }
        }
        else if (module is ParameterDict dict)
        {
            for (int i = 0; i < dict.Count; i++)
            {
                listed.Add(dict[i].Item1);
                yield return dict[i];
            }
        }

        foreach ((string name, Parameter parameter) in (IEnumerable<(string, Parameter)>)TorchSharpInternals.Parameters(module))
        {
            if (!listed.Contains(name))
                yield return (name, parameter);
        }
    }

    /// <summary>Every parameter under its path, a module's own before those below it; a tied weight once for each path.</summary>
    internal static IEnumerable<(string Path, Parameter Parameter)> All(Module model)
    {
        foreach ((string Name, Parameter Parameter) own in Of(model))
            yield return own;
        foreach ((string path, Module module) in ModuleTree.Descendants(model))
        {
            foreach ((string name, Parameter parameter) in Of(module))
                yield return (ModuleTree.Join(path, name), parameter);
        }
    }

    /// <summary>The paths of <see cref="All"/>, each once: a scripted module owns what its children own too.</summary>
    internal static IEnumerable<string> Paths(Module model) => All(model).Select(static found => found.Path).Distinct();

    private static Parameter? Find(Module module, string path, int start)
    {
        if (FindOwn(module, path[start..]) is { } own)
            return own;
        for (int end = ModuleTree.EndOfSegment(path, start); end < path.Length; end = ModuleTree.EndOfSegment(path, end + 1))
        {
            if (ModuleChildren.Find(module, path[start..end]) is { } child && Find(child, path, end + 1) is { } found)
                return found;
        }

        return null;
    }

    private static Parameter? FindOwn(Module module, string name)
    {
        switch (module)
        {
            case ParameterList list when ModuleChildren.IsPosition(name, list.Count, out int position):
                return list[position];
            case ParameterDict dict when dict.TryGetValue(name, out Parameter? item):
                return item;
            default:
                return TorchSharpInternals.Parameters(module).TryGetValue(name, out Parameter? parameter) ? parameter : null;
        }
    }
}
