using System.Globalization;
using NetHook.Interpretability;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Cli;

/// <summary>The outputs of layers at each step of a generation.</summary>
internal sealed class TracedSteps(Module model, IEnumerable<string> layers) : IDisposable
{
    private readonly TraceDict _traces = new(model, layers, new() { Detach = true, History = CallHistory.All });

    /// <summary>Saves them, each as <c>LAYER@STEP</c>.</summary>
    public void Save(string path, LanguageModel language, IReadOnlyList<GeneratedText> texts)
    {
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors = [];
        foreach ((string layer, Trace trace) in _traces)
        {
            foreach (TracedCall call in trace.Calls)
                tensors.Add($"{layer}@{call.Step}", call.Output);
        }

        TokenBatch prompts = language.Batch(texts.Select(text => text.Prompt));
        Dictionary<string, string> notes = new() { ["format"] = "pt" };
        for (int row = 0; row < prompts.Count; row++)
        {
            notes[$"prompt{row}"] = texts[row].Prompt;
            notes[$"text{row}"] = texts[row].Text;
            notes[$"padding{row}"] = prompts.RowRange(row).Start.Value.ToString(CultureInfo.InvariantCulture);
        }

        SafetensorsFile.Save(path, tensors, notes);
    }

    public void Dispose() => _traces.Dispose();
}
