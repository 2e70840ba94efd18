using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Cli;

/// <summary>Chooses the layers to trace.</summary>
internal static class LayerSelection
{
    /// <summary>The layers that match any of the patterns, each once; each pattern must match some that can be traced.</summary>
    public static IReadOnlyList<string> Of(Module model, IEnumerable<string> patterns) => [.. patterns.SelectMany(pattern => Of(model, pattern)).Distinct()];

    /// <summary>The layer of that name, or the one that matches.</summary>
    public static string OneOf(Module model, string pattern)
    {
        if (!pattern.AsSpan().ContainsAny("*?[{"))
            return model.GetModule(pattern) is Module<Tensor, Tensor> ? pattern : throw NeverRuns([pattern], pattern);
        IReadOnlyList<string> layers = Of(model, [pattern]);
        return layers.Count == 1 ? layers[0] : throw new ToolException($"'{pattern}' matches {layers.Count} layers, {string.Join(", ", layers.Take(3))} ...: name one.");
    }

    // The list of a model's blocks matches "**" too, but it is only a list: it never runs.
    private static List<string> Of(Module model, string pattern)
    {
        IReadOnlyList<string> names = Matching(model, pattern);
        List<string> layers = [.. names.Where(name => model.GetModule(name) is Module<Tensor, Tensor>)];
        return layers.Count > 0
            ? layers
            : throw NeverRuns(names, pattern);
    }

    /// <summary>The layers that match a pattern, holders of others included.</summary>
    /// <exception cref="ToolException">The pattern is malformed.</exception>
    public static IReadOnlyList<string> Matching(Module model, string pattern)
    {
        try
        {
            _ = new LayerPattern(pattern);
        }
        catch (ArgumentException e)
        {
            throw new ToolException(e.Message.Replace($" (Parameter '{e.ParamName}')", "", StringComparison.Ordinal));
        }

        return model.ModuleNames(pattern, includeHolders: true);
    }

    private static ToolException NeverRuns(IEnumerable<string> holders, string pattern) =>
        new($"'{pattern}' matches only {string.Join(", ", holders)}, which never runs itself: ask for what is in it, '{pattern}.*'.");
}
