using System.Diagnostics.CodeAnalysis;
using ScottPlot;
using ScottPlot.Panels;
using ScottPlot.Plottables;
using SkiaSharp;

namespace NetHook.Cli;

/// <summary>Draws <see cref="HeatMap"/>s side by side into a PNG, SVG or PDF file, as in figure 1 of Meng et al. 2022.</summary>
internal static class FigureFile
{
    // Sizes in points; a PNG has several pixels to each, to be sharp on paper.
    private const int Sharpness = 3;
    private const int CellWidth = 26, CellHeight = 20, NarrowestGrid = 208, WidestGrid = 416;
    public const int Above = 32, Below = 46, Right = 84;
    private const int BesideCaptions = 18;
    public const float FontSize = 12;
    private const float TitleSize = 13;

    // ScottPlot sets tick labels a little above their ticks.
    private const float Lowered = 2.5f;

    // The first of these that the system has.
    private static readonly string[] FontNames = ["Helvetica", "Arial", "Liberation Sans", "DejaVu Sans"];

    /// <summary>Writes a figure, PNG or by the file's ending SVG or PDF.</summary>
    /// <exception cref="ToolException">The system has no fonts.</exception>
    public static void Save(string path, IReadOnlyList<HeatMap> maps)
    {
        int height = Height(maps);
        Save(path, maps.Sum(Width), height, canvas => Draw(canvas, maps, height));
    }

    /// <summary>Writes what is drawn on a canvas of a size in points.</summary>
    public static void Save(string path, int width, int height, Action<SKCanvas> draw) => AtomicFile.Write(path, stream =>
    {
        switch (Path.GetExtension(path).ToUpperInvariant())
        {
            case ".SVG":
                using (SKCanvas canvas = SKSvgCanvas.Create(new SKRect(0, 0, width, height), stream))
                    draw(canvas);
                break;
            case ".PDF":
                using (var document = SKDocument.CreatePdf(stream))
                {
                    draw(document.BeginPage(width, height));
                    document.Close();
                }

                break;
            default:
                SavePng(stream, width, height, draw);
                break;
        }
    });

    /// <summary>Draws heat maps side by side, from the top of the canvas down to a height.</summary>
    public static void Draw(SKCanvas canvas, IReadOnlyList<HeatMap> maps, int height)
    {
        canvas.Clear(SKColors.White);
        int left = 0;
        foreach (HeatMap map in maps)
        {
            using Plot plot = MakePlot(map);
            plot.RenderManager.ClearCanvasBeforeEachRender = false;
            plot.Render(canvas, new PixelRect(left, left + Width(map), height, 0));
            left += Width(map);
        }
    }

    /// <summary>How high heat maps side by side are.</summary>
    public static int Height(IReadOnlyList<HeatMap> maps) => Above + (CellHeight * maps.Max(map => map.Rows.Count)) + Below;

    /// <summary>How wide a heat map is.</summary>
    public static int Width(HeatMap map) => Left(map) + Math.Clamp(CellWidth * map.Columns, NarrowestGrid, WidestGrid) + Right;

    /// <summary>How far the cells are from the left.</summary>
    public static int Left(HeatMap map)
    {
        using var typeface = SKTypeface.FromFamilyName(FontName());
        using var font = new SKFont(typeface, FontSize);
        return BesideCaptions + (int)map.Captions.Max(caption => font.MeasureText(caption));
    }

    /// <summary>The font of all letters.</summary>
    /// <exception cref="ToolException">The system has none.</exception>
    public static string FontName()
    {
        string[] families = SKFontManager.Default.GetFontFamilies();
        return FontNames.Intersect(families, StringComparer.OrdinalIgnoreCase).FirstOrDefault() ?? families.FirstOrDefault()
            ?? throw new ToolException("This system has no fonts, and a figure without letters says nothing. Install some (on Debian and Ubuntu: fonts-dejavu-core), or write .csv or .json.");
    }

    private static void SavePng(Stream stream, int width, int height, Action<SKCanvas> draw)
    {
        using var surface = SKSurface.Create(new SKImageInfo(width * Sharpness, height * Sharpness));
        surface.Canvas.Scale(Sharpness);
        draw(surface.Canvas);
        using SKImage image = surface.Snapshot();
        using SKData data = image.Encode(SKEncodedImageFormat.Png, 100);
        data.SaveTo(stream);
    }

    private static Plot MakePlot(HeatMap map)
    {
        var plot = new Plot();
        plot.Font.Set(FontName());
        plot.Layout.Fixed(new PixelPadding(Left(map), Right, Below, Above));
        plot.HideGrid();
        AddCells(plot, map);
        AddScale(plot, map);

        plot.Axes.SetLimits(-0.5, map.Columns - 0.5, -map.Rows.Count + 0.5, 0.5);
        plot.Axes.Left.SetTicks([.. map.Rows.Select((_, row) => (double)-row)], [.. map.Captions]);
        Dress(plot, map.Columns);
        plot.Title(map.Title, TitleSize);
        plot.Axes.Title.Label.Bold = false;
        plot.Axes.Title.Label.OffsetY = 5;
        return plot;
    }

    /// <summary>Gives a plot letters of the same size, and layers below it.</summary>
    public static void Dress(Plot plot, int layers)
    {
        plot.Axes.Bottom.SetTicks(LayerTicks(layers), [.. LayerTicks(layers).Select(layer => $"{layer}")]);
        plot.Axes.Left.TickLabelStyle.OffsetY = Lowered;
        foreach (IAxis axis in (IAxis[])[plot.Axes.Left, plot.Axes.Bottom])
        {
            axis.TickLabelStyle.FontSize = FontSize;
            axis.MajorTickStyle.Length = 3;
        }

        plot.XLabel("Layer", FontSize);
        plot.Axes.Bottom.Label.Bold = false;
    }

    /// <summary>The cells one by one: a bitmap in an SVG is blurred by what shows it.</summary>
    private static void AddCells(Plot plot, HeatMap map)
    {
        for (int row = 0; row < map.Rows.Count; row++)
        {
            for (int column = 0; column < map.Columns; column++)
            {
                (byte red, byte green, byte blue) = map.Palette.At(map.Depth(map.Values[row][column]));
                Rectangle cell = plot.Add.Rectangle(column - 0.5, column + 0.5, -row - 0.5, -row + 0.5);

                // The line closes the seam that smoothing leaves between two cells.
                cell.FillColor = cell.LineColor = new Color(red, green, blue);
                cell.LineWidth = 0.5f;
            }
        }
    }

    /// <summary>The colour bar, which ScottPlot makes for bitmaps only: for one that is not shown.</summary>
    [SuppressMessage("Performance", "CA1814:Prefer jagged arrays over multidimensional", Justification = "ScottPlot takes no other array.")]
    private static void AddScale(Plot plot, HeatMap map)
    {
        Heatmap scale = plot.Add.Heatmap(new double[,] { { map.Low, map.High } });
        scale.IsVisible = false;
        scale.Colormap = new ScottPlot.Colormaps.CustomInterpolated(
        [
            .. Enumerable.Range(0, 33).Select(step =>
            {
                (byte red, byte green, byte blue) = map.Palette.At(step / 32.0);
                return new Color(red, green, blue);
            }),
        ]);
        ColorBar bar = plot.Add.ColorBar(scale);
        bar.Width = 12;
        bar.Label = map.Measure;
        bar.LabelStyle.FontSize = FontSize;
        bar.LabelStyle.FontName = FontName();
        bar.LabelStyle.Bold = false;
        bar.LabelStyle.Rotation = -90;
        bar.LabelStyle.OffsetX = -16;
        bar.Axis.TickLabelStyle.FontName = FontName();
        bar.Axis.TickLabelStyle.FontSize = FontSize - 1;
        bar.Axis.TickLabelStyle.OffsetY = Lowered;
        bar.Axis.MajorTickStyle.Length = 3;
        bar.Axis.MinorTickStyle.Length = 0;
    }

    private static double[] LayerTicks(int columns)
    {
        int step = columns <= 16 ? 1 : 5;
        return [.. Enumerable.Range(0, columns).Where(layer => layer % step == 0).Select(layer => (double)layer)];
    }
}
