using NetHook.Interpretability;
using TorchSharp;

namespace NetHook.Cli.Tests;

public sealed class SaveTests(SmallModel model)
{
    private const string Prompt = "The capital of France is";

    [Fact]
    public void Saved_file_holds_what_a_trace_holds()
    {
        using var folder = new TemporaryFolder();
        using var library = LanguageModel.FromPretrained(model.Folder);
        using var traces = new TraceDict(library.Model, ["transformer.wte", "transformer.h.0.attn.attn_dropout", "lm_head"], new() { Detach = true });
        library.Model.call(library.Tokens(Prompt));

        string text = Trace(folder["out.safetensors"], "--layers", "transformer.wte", "--layers", "transformer.h.0.attn.attn_dropout", "--layers", "lm_head").Result;

        (Dictionary<string, (long[] Shape, float[] Values)>? tensors, Dictionary<string, string>? notes) = PlainSafetensors.Read(folder["out.safetensors"]);
        Assert.EndsWith($"\nSaved 3 activations to {folder["out.safetensors"]}.\n", text, StringComparison.Ordinal);
        Assert.Equal(traces.Keys.Order(), tensors.Keys.Order());
        foreach ((string layer, Trace trace) in traces)
        {
            Assert.Equal(trace.Output.shape, tensors[layer].Shape);
            Close.Equal(trace.Output.contiguous().data<float>().ToArray(), tensors[layer].Values);
        }

        Assert.Equal(Prompt, notes["prompt"]);
        Assert.Equal(["out.safetensors"], folder.Files);
    }

    [Fact]
    public void Saved_file_holds_what_ran_before_the_stop()
    {
        using var folder = new TemporaryFolder();

        Trace(folder["out.safetensors"], "--layers", "transformer.h.*", "--stop-at", "transformer.h.0");

        Assert.Equal(["transformer.h.0"], PlainSafetensors.Read(folder["out.safetensors"]).Tensors.Keys);
    }

    [Fact]
    public void Option_has_one_letter()
    {
        using var folder = new TemporaryFolder();

        ToolRun.Of("trace", Prompt, "--model", model.Folder, "-o", folder["out.safetensors"]);

        Assert.Equal(["out.safetensors"], folder.Files);
    }

    [Fact]
    public void Existing_file_is_replaced()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["out.safetensors"], "old");

        Trace(folder["out.safetensors"]);

        Assert.NotEmpty(PlainSafetensors.Read(folder["out.safetensors"]).Tensors);
    }

    [Fact]
    public void Failed_and_interrupted_runs_leave_the_existing_file_and_no_other()
    {
        using var folder = new TemporaryFolder();
        using var interruption = new CancellationTokenSource();
        interruption.Cancel();
        File.WriteAllText(folder["out.safetensors"], "old");

        int failed = Trace(folder["out.safetensors"], "--layers", "nothing").Code;
        int interrupted = ToolRun.Of(interruption.Token, "trace", Prompt, "--model", model.Folder, "--out", folder["out.safetensors"]).Code;

        Assert.Equal((Tool.Failure, Tool.Interrupted), (failed, interrupted));
        Assert.Equal("old", File.ReadAllText(folder["out.safetensors"]));
        Assert.Equal(["out.safetensors"], folder.Files);
    }

    [Fact]
    public void Place_that_cannot_be_written_is_refused_before_the_model_is_read()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["file"], "");

        Assert.Equal(". cannot be written: it is a folder.", Refusal("."));
        Assert.Equal($"{Path.Combine("nowhere", "out.safetensors")} cannot be written: there is no folder {Path.Combine("HERE", "nowhere")}.", Refusal(Path.Combine("nowhere", "out.safetensors")));
        Assert.Equal($"{Path.Combine("FOLDER", "file", "out.safetensors")} cannot be written: there is no folder {Path.Combine("FOLDER", "file")}.", Refusal(Path.Combine(folder["file"], "out.safetensors")));

        string Refusal(string path) => ToolRun.Of("trace", Prompt, "--model", "no-such-folder", "--out", path).Line(Tool.Failure)
            .Replace(folder.Path, "FOLDER", StringComparison.Ordinal).Replace(Directory.GetCurrentDirectory(), "HERE", StringComparison.Ordinal);
    }

    [Fact]
    public void Device_is_refused()
    {
        // Windows has none with a path.
        if (OperatingSystem.IsWindows())
            return;
        foreach (string device in (string[])["/dev/null", "/dev/../dev/null", "/dev/stdout"])
        {
            Assert.Equal(
                $"{device} cannot be written: it is a device, and files are replaced as a whole. To hand the result to another program, use --json, which writes to standard output.",
                Assert.Throws<ToolException>(() => OutputFile.Check(device)).Message);
        }
    }

    private ToolRun Trace(string path, params string[] options) => ToolRun.Of(["trace", Prompt, "--model", model.Folder, "--out", path, .. options]);
}
