using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Spectre.Console;

namespace NetHook.Cli;

/// <summary>Reports as JSON. The serialisers are generated when the tool is built, which makes it start faster.</summary>
[JsonSerializable(typeof(LayerList))]
[JsonSerializable(typeof(TraceReport))]
[JsonSerializable(typeof(LensReport))]
[JsonSerializable(typeof(GenerateReport))]
[JsonSerializable(typeof(CausalTraceReport))]
[JsonSerializable(typeof(FactsReport))]
[JsonSerializable(typeof(PatchReport))]
[JsonSerializable(typeof(PatchFastReport))]
[JsonSerializable(typeof(PatchPathReport))]
[JsonSerializable(typeof(SteerMakeReport))]
[JsonSerializable(typeof(SteerTryReport))]
[JsonSerializable(typeof(StatsReport))]
[JsonSerializable(typeof(EditResult))]
[JsonSerializable(typeof(EditEvaluationReport))]
[JsonSerializable(typeof(DoctorReport))]
[JsonSerializable(typeof(DoctorCheck[]))]
internal sealed partial class ReportJson : JsonSerializerContext
{
    /// <summary>Writes a report past the console's rendering, which knows about widths and markup.</summary>
    public static void Write<T>(IAnsiConsole console, T report)
        where T : class => console.Line(Text(report));

    /// <summary>Writes a report to a file.</summary>
    public static void Save<T>(string path, T report)
        where T : class => AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(Text(report) + "\n")));

    private static string Text<T>(T report)
        where T : class
    {
        var context = new ReportJson(new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
            WriteIndented = true,
            NewLine = "\n",

            // The result is no HTML: quotes and letters beyond ASCII stay as they are.
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        });
        return JsonSerializer.Serialize(report, (JsonTypeInfo<T>)context.Options.GetTypeInfo(typeof(T)));
    }
}
