using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary>How a model is edited: as the file in its folder says, else as in the paper.</summary>
internal static class RomeSettings
{
    /// <summary>The options for a model.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="layers">How many layers it has.</param>
    /// <param name="layer">The layer asked for, or null.</param>
    /// <param name="ridge">The ridge asked for, or null.</param>
    public static RomeOptions Of(string folder, int layers, int? layer, double? ridge)
    {
        if (layer < 0 || layer >= layers)
            throw new ToolException($"--layer {layer} is none of the model's, 0 to {layers - 1}.");
        string file = Path.Combine(folder, RomeOptions.FileName);
        RomeOptions options = File.Exists(file) ? RomeOptions.Load(file) : new() { Layer = Usual(layers) };
        return options with { Layer = layer ?? options.Layer, Ridge = ridge ?? options.Ridge };
    }

    /// <summary>Copies the file with the options, where there is one: the edited model is to be edited likewise.</summary>
    public static void Copy(string from, string to)
    {
        if (Path.Combine(from, RomeOptions.FileName) is var file && File.Exists(file))
            File.Copy(file, Path.Combine(to, RomeOptions.FileName));
    }

    /// <summary>In proportion to the paper's layer of GPT-2 XL; an edit of the last one could not reach the tokens behind the subject.</summary>
    private static int Usual(int layers) => Math.Clamp((int)Math.Round(layers * 17 / 48.0), 0, Math.Max(0, layers - 2));
}
