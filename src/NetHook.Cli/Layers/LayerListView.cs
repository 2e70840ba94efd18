using Spectre.Console;

namespace NetHook.Cli;

/// <summary>A <see cref="LayerList"/> as a table.</summary>
internal static class LayerListView
{
    public static void Write(IAnsiConsole console, LayerList list)
    {
        Table table = Tables.New().Texts("Layer", "Type").Numbers("Parameters");
        foreach (LayerListItem layer in list.Layers)
            table.Row(layer.Layer, layer.Type, Figures.Count(layer.Parameters));
        console.Print(table);
        console.Line();
        console.Line($"{Figures.Count(list.Layers.Count, "layer")}; the model has {Figures.Count(list.Parameters, "parameter")}.");
        string reads = list.Sizes.MaxTokens is { } most ? $"reads {Figures.Count(most, "token")} at once" : "reads any number of tokens";
        console.Line($"Family {list.Family}: {Figures.Count(list.Sizes.Blocks, "block")} of width {Figures.Count(list.Sizes.Width)}, a vocabulary of {Figures.Count(list.Sizes.Vocabulary)}; it {reads}.");
    }
}
