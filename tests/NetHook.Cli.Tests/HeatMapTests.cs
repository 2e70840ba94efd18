using System.Xml.Linq;
using NetHook.Interpretability;
using SkiaSharp;
using Spectre.Console;
using Spectre.Console.Testing;

namespace NetHook.Cli.Tests;

public sealed class HeatMapTests
{
    private static readonly HeatMap Map = new(
        "Hidden states restored", "p(Paris)", ["\"The\"", "\" France\"*"], ["The", "France*"], [[0.02, 0.1, double.NaN], [1, 0.5, -0.2]], 0, 1, Palette.Of(StateKind.Hidden));

    [Fact]
    public void Without_colours_cells_are_characters_with_numbers() => Approved.Check("heat-map", Drawn(80, console => console.Colors(ColorSystem.NoColors)));

    [Fact]
    public void Without_unicode_cells_are_letters() => Approved.Check("heat-map-letters", Drawn(80, console =>
    {
        console.Colors(ColorSystem.NoColors);
        console.Profile.Capabilities.Unicode = false;
    }));

    [Fact]
    public void In_a_narrow_window_cells_are_characters_alone() => Approved.Check("heat-map-narrow", Drawn(20, console => console.Colors(ColorSystem.NoColors)));

    [Fact]
    public void With_colours_cells_are_coloured() => Approved.Check(
        "heat-map-colours",
        Drawn(80, console => console.Colors(ColorSystem.TrueColor).EmitAnsiSequences()).Replace('\u001b', '^'));

    [Fact]
    public void Png_is_a_picture_with_the_colours_of_the_numbers()
    {
        using var folder = new TemporaryFolder();

        FigureFile.Save(folder["map.png"], [Map, Map]);

        using var picture = SKBitmap.Decode(folder["map.png"]);
        HashSet<SKColor> colours = [.. picture.Pixels];
        Assert.True(picture.Width > 1500 && picture.Height > 300);
        foreach (double value in (double[])[0.02, 0.1, 0, 1, 0.5])
        {
            (byte red, byte green, byte blue) = Map.Palette.At(value);
            Assert.Contains(new SKColor(red, green, blue), colours);
        }
    }

    [Fact]
    public void Svg_is_a_drawing_with_every_cell_and_caption()
    {
        using var folder = new TemporaryFolder();

        FigureFile.Save(folder["map.svg"], [Map]);

        XElement svg = XDocument.Load(folder["map.svg"]).Root!;
        string[] texts = [.. svg.Descendants().Where(element => element.Name.LocalName == "text").Select(text => text.Value.Trim())];
        Assert.Superset(new HashSet<string> { "Hidden states restored", "p(Paris)", "The", "France*", "Layer", "0", "1", "2" }, texts.ToHashSet());
        (byte red, byte green, byte blue) = Map.Palette.At(0.5);
        Assert.Contains($"#{red:X2}{green:X2}{blue:X2}", svg.Descendants().Select(element => (string?)element.Attribute("fill")));
    }

    private static string Drawn(int width, Action<TestConsole> settings)
    {
        using var console = new TestConsole();
        settings(console.Width(width));
        HeatMapView.Write(console, Map);
        return console.Output;
    }
}
