using System.Globalization;
using static TorchSharp.torch.nn;

namespace NetHook;

/// <summary>Parts of which error messages are made.</summary>
internal static class MessageText
{
    private const int MostListed = 8;

    /// <summary>What a user sees of a path: the model itself has none.</summary>
    internal static string Quote(string path) => path.Length == 0 ? "the model" : $"'{path}'";

    /// <summary>A layer by its path and type: 'h.3' (Block).</summary>
    internal static string Layer(string path, Module module) => Layer(path, module.GetType());

    /// <inheritdoc cref="Layer(string, Module)"/>
    internal static string Layer(string path, Type type) =>
        (path.Length == 0 ? "'' (the model itself, " : $"'{path}' (") + TypeNames.Of(type) + ")";

    /// <summary>The beginning of a text that is longer than so many characters: "aaaa... (of 5000 characters)".</summary>
    internal static string Short(string text, int most) => text.Length <= most
        ? text
        : $"{text.AsSpan(0, most)}... (of {text.Length.ToString(CultureInfo.InvariantCulture)} characters)";

    /// <summary>"a, b, c ... and 9 more".</summary>
    internal static string List(IReadOnlyList<string> items)
    {
        string shown = string.Join(", ", items.Take(MostListed));
        return items.Count <= MostListed
            ? shown
            : $"{shown} ... and {(items.Count - MostListed).ToString(CultureInfo.InvariantCulture)} more";
    }

    /// <summary>" Did you mean 'a', 'b' or 'c'?", or nothing.</summary>
    internal static string DidYouMean(IReadOnlyList<string> names) => names.Count switch
    {
        0 => "",
        1 => $" Did you mean '{names[0]}'?",
        _ => $" Did you mean {string.Join(", ", names.SkipLast(1).Select(name => $"'{name}'"))} or '{names[^1]}'?",
    };
}
