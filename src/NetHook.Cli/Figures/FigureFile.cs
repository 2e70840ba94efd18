using System.Diagnostics.CodeAnalysis;
using ScottPlot;
using SkiaSharp;

namespace NetHook.Cli;

/// <summary>Draws <see cref="HeatMap"/>s side by side into a PNG or SVG file, as in figure 1 of Meng et al. 2022.</summary>
internal static class FigureFile
{
    private const int CellWidth = 44;
    private const int CellHeight = 26;
    private const int Around = 150;

    // Pixels of a PNG for each unit of the drawing: sharp on paper.
    private const int Sharpness = 3;

    // The first of these that the system has; else what ScottPlot finds.
    private static readonly string FontName =
        new[] { "Helvetica", "Arial", "Liberation Sans", "DejaVu Sans" }.FirstOrDefault(name => SKFontManager.Default.FontFamilies.Contains(name)) ?? Fonts.Sans;

    public static void Save(string path, IReadOnlyList<HeatMap> maps) => AtomicFile.Write(path, stream =>
    {
        (int width, int height) = Size(maps);
        if (Path.GetExtension(path).Equals(".svg", StringComparison.OrdinalIgnoreCase))
        {
            using SKCanvas canvas = SKSvgCanvas.Create(new SKRect(0, 0, width, height), stream);
            Draw(canvas, maps, width, height);
            return;
        }

        using SKSurface surface = SKSurface.Create(new SKImageInfo(width * Sharpness, height * Sharpness));
        surface.Canvas.Scale(Sharpness);
        Draw(surface.Canvas, maps, width, height);
        using SKImage image = surface.Snapshot();
        using SKData data = image.Encode(SKEncodedImageFormat.Png, 100);
        data.SaveTo(stream);
    });

    private static (int Width, int Height) Size(IReadOnlyList<HeatMap> maps) => (
        maps.Sum(map => Around + (int)(7.5 * map.Captions.Max(caption => caption.Length)) + Math.Max(300, CellWidth * map.Columns)),
        Around + (CellHeight * maps[0].Rows.Count));

    private static void Draw(SKCanvas canvas, IReadOnlyList<HeatMap> maps, int width, int height)
    {
        canvas.Clear(SKColors.White);
        float left = 0;
        foreach (HeatMap map in maps)
        {
            using Plot plot = MakePlot(map);
            float right = left + ((float)width / maps.Count);
            plot.RenderManager.ClearCanvasBeforeEachRender = false;
            plot.Render(canvas, new PixelRect(left, right, height, 0));
            left = right;
        }
    }

    private static Plot MakePlot(HeatMap map)
    {
        var plot = new Plot();
        plot.Font.Set(FontName);
        plot.Title(map.Title, 14);

        // Cells are drawn one by one: a bitmap in an SVG is blurred by what shows it.
        for (int row = 0; row < map.Rows.Count; row++)
        {
            for (int column = 0; column < map.Columns; column++)
            {
                (byte red, byte green, byte blue) = map.Palette.At(map.Depth(map.Values[row][column]));
                var cell = plot.Add.Rectangle(column - 0.5, column + 0.5, -row - 0.5, -row + 0.5);
                cell.FillColor = new Color(red, green, blue);
                cell.LineColor = Colors.White;
                cell.LineWidth = 0.5f;
            }
        }

        AddScale(plot, map);
        plot.Axes.Left.SetTicks([.. map.Rows.Select((_, row) => (double)-row)], [.. map.Captions]);
        plot.Axes.Bottom.SetTicks(LayerTicks(map.Columns), [.. LayerTicks(map.Columns).Select(layer => $"{layer}")]);
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.XLabel("Layer", 12);
        plot.HideGrid();
        plot.Axes.SetLimits(-0.5, map.Columns - 0.5, -map.Rows.Count + 0.5, 0.5);
        return plot;
    }

    /// <summary>The colour bar, which ScottPlot makes for bitmaps only: for one that is not shown.</summary>
    [SuppressMessage("Performance", "CA1814:Prefer jagged arrays over multidimensional", Justification = "ScottPlot takes no other array.")]
    private static void AddScale(Plot plot, HeatMap map)
    {
        var scale = plot.Add.Heatmap(new double[,] { { map.Low, map.High } });
        scale.IsVisible = false;
        scale.Colormap = new ScottPlot.Colormaps.CustomInterpolated(
        [
            .. Enumerable.Range(0, 33).Select(step =>
            {
                (byte red, byte green, byte blue) = map.Palette.At(step / 32.0);
                return new Color(red, green, blue);
            }),
        ]);
        var bar = plot.Add.ColorBar(scale);
        bar.Label = map.Measure;
        bar.LabelStyle.FontSize = 12;
        bar.LabelStyle.FontName = FontName;
        bar.LabelStyle.Bold = false;
        bar.Axis.TickLabelStyle.FontName = FontName;
    }

    private static double[] LayerTicks(int columns)
    {
        int step = columns <= 16 ? 1 : 5;
        return [.. Enumerable.Range(0, columns).Where(layer => layer % step == 0).Select(layer => (double)layer)];
    }
}
