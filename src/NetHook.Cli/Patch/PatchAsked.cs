using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary>What <c>nethook patch</c> was asked, whatever it patches, and where the result goes.</summary>
internal sealed record PatchAsked(
    ToolContext Context, LanguageModel Model, string Folder, string Prompt, string Counterfactual, PatchOptions Options, string? Path, bool Json)
{
    /// <summary>Writes the file of --out, if one was asked for.</summary>
    public void Save<T>(T report, IReadOnlyList<HeatMap> maps, Action<string> saveCsv)
        where T : class
    {
        if (Path is not null)
            GridOutOption.Save(Path, report, maps, saveCsv);
    }

    /// <summary>Writes the result as JSON, or as a view does.</summary>
    public void Write<T>(T report, Action view)
        where T : class
    {
        if (Json)
            ReportJson.Write(Context.Out, report);
        else
            view();
    }

    /// <summary>Writes a result of the library as it says itself.</summary>
    public void WriteText(object result)
    {
        foreach (string line in $"{result}".Split('\n'))
            Context.Out.Line(line);
        if (Path is not null)
            Context.Out.Line($"\nSaved to {Path}.");
    }
}
