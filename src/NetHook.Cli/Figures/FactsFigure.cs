using NetHook.Interpretability;
using ScottPlot;
using ScottPlot.Plottables;
using SkiaSharp;

namespace NetHook.Cli;

/// <summary>
/// Averages over facts as a figure: for each kind of states the heat map of figure 2 of Meng et al. 2022, and below it the same as lines with 95 %
/// confidence intervals.
/// </summary>
internal static class FactsFigure
{
    private const int LinesHeight = 230, LineWidth = 2;
    private const double Pale = 0.18;

    // One for each role, told apart by people who do not see all colours as well (Okabe and Ito 2008).
    private static readonly Color[] Colors =
    [
        Color.FromHex("#56B4E9"), Color.FromHex("#009E73"), Color.FromHex("#0072B2"), Color.FromHex("#E69F00"), Color.FromHex("#CC79A7"), Color.FromHex("#D55E00"),
    ];

    public static void Save(string path, CausalTraceFile file, IReadOnlyList<HeatMap> maps)
    {
        int above = FigureFile.Height(maps);
        FigureFile.Save(path, maps.Sum(FigureFile.Width), above + LinesHeight, canvas =>
        {
            FigureFile.Draw(canvas, maps, above);
            DrawLines(canvas, file, maps, above);
        });
    }

    private static void DrawLines(SKCanvas canvas, CausalTraceFile file, IReadOnlyList<HeatMap> maps, int above)
    {
        int left = 0;
        foreach ((HeatMap map, CausalTraceAverage average) in maps.Zip(file.Averages))
        {
            using Plot plot = MakePlot(map, average);
            plot.RenderManager.ClearCanvasBeforeEachRender = false;
            plot.Render(canvas, new PixelRect(left, left + FigureFile.Width(map), above + LinesHeight, above));
            left += FigureFile.Width(map);
        }
    }

    private static Plot MakePlot(HeatMap map, CausalTraceAverage average)
    {
        var plot = new Plot();
        plot.Font.Set(FigureFile.FontName());
        plot.Layout.Fixed(new PixelPadding(FigureFile.Left(map), FigureFile.Right, FigureFile.Below, FigureFile.Above / 2));
        plot.HideGrid();
        double[] layers = [.. Enumerable.Range(0, average.Layers).Select(layer => (double)layer)];
        foreach (TokenRole role in FactsView.Roles(average))
        {
            MeanEstimate[] means = [.. Enumerable.Range(0, average.Layers).Select(layer => average[role, layer])];
            double Interval(MeanEstimate mean) => double.IsNaN(mean.Interval) ? 0 : mean.Interval;
            FillY band = plot.Add.FillY(layers, [.. means.Select(mean => mean.Mean - Interval(mean))], [.. means.Select(mean => mean.Mean + Interval(mean))]);
            band.FillColor = Colors[(int)role].WithAlpha(Pale);
            band.LineWidth = band.MarkerSize = 0;
            Scatter line = plot.Add.Scatter(layers, [.. means.Select(mean => mean.Mean)], Colors[(int)role]);
            line.LineWidth = LineWidth;
            line.MarkerSize = 3;
            line.LegendText = TokenRoles.NameOf(role);
        }

        FigureFile.Dress(plot, average.Layers);
        plot.YLabel(map.Measure, FigureFile.FontSize);
        plot.Axes.Left.Label.Bold = false;
        plot.Axes.AutoScale();
        plot.Axes.SetLimitsX(-0.5, average.Layers - 0.5);
        plot.ShowLegend(Alignment.UpperRight);
        plot.Legend.FontSize = FigureFile.FontSize - 3;
        plot.Legend.BackgroundColor = ScottPlot.Colors.Transparent;
        plot.Legend.ShadowColor = plot.Legend.OutlineColor = ScottPlot.Colors.Transparent;
        return plot;
    }
}
