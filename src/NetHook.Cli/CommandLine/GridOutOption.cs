using System.CommandLine;

namespace NetHook.Cli;

/// <summary><c>--out FILE</c> of commands that give grids: a figure or the numbers, by the file's extension.</summary>
internal sealed class GridOutOption : Option<string>
{
    private static readonly string[] Extensions = [".png", ".svg", ".pdf", ".csv", ".json"];

    public GridOutOption()
        : base("--out", "-o")
    {
        HelpName = "FILE";
        Description = "Write a figure (.png, .svg, .pdf) or the numbers (.csv, .json).";
    }

    /// <summary>The file asked for, or null; refused before the work where it cannot be written.</summary>
    public string? Check(ParseResult arguments)
    {
        if (arguments.GetValue(this) is not { } path)
            return null;
        OutputFile.CheckExtension(path, Extensions);
        OutputFile.Check(path);
        return path;
    }

    /// <summary>Writes the file in the format that its extension says.</summary>
    public static void Save<T>(string path, T report, IReadOnlyList<HeatMap> maps, Action<string> saveCsv)
        where T : class => Save(path, report, () => FigureFile.Save(path, maps), saveCsv);

    /// <summary>Writes the file in the format that its extension says.</summary>
    public static void Save<T>(string path, T report, Action saveFigure, Action<string> saveCsv)
        where T : class
    {
        switch (Path.GetExtension(path).ToUpperInvariant())
        {
            case ".JSON":
                ReportJson.Save(path, report);
                break;
            case ".CSV":
                saveCsv(path);
                break;
            default:
                saveFigure();
                break;
        }
    }
}
