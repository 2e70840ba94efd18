using NetHook.Interpretability;
using static TorchSharp.torch;

namespace NetHook.Cli.Tests;

/// <summary>Each command ends at the next block of a pass once it is interrupted, and leaves no file. Blocks are counted, not seconds.</summary>
public sealed class InterruptionTests : IDisposable
{
    private const string Prompt = "The capital of France is";

    private readonly TemporaryFolder _folder = new();
    private readonly SmallModel _small;

    public InterruptionTests(SmallModel small)
    {
        _small = small;
        File.WriteAllText(_folder["text.txt"], string.Concat(Enumerable.Range(0, 600).Select(i => $"The capital of France is Paris {i * 7919 % 1000}. ")));
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("Interrupted.", 1, "trace", Prompt, "--layers", "lm_head")]
    [InlineData("Interrupted.", 1, "lens", Prompt)]
    [InlineData("Interrupted.", 1, "causal-trace", Prompt, "--subject", "France", "--out", "OUT.png")]
    [InlineData("Interrupted.", 1, "patch", Prompt, "The capital of Paris is", "--answer", "a", "--counterfactual-answer", "b", "--out", "OUT.csv")]
    [InlineData("Interrupted.", 2, "patch", Prompt, "The capital of Paris is", "--answer", "a", "--counterfactual-answer", "b")]
    [InlineData("Interrupted.", 1, "stats", "TEXT", "--layers", "transformer.h.1", "--out", "OUT")]
    [InlineData("Interrupted.", 2, "edit", "--prompt", "The capital of {} is", "--subject", "France", "--target", "Paris", "--text", "TEXT", "--layer", "1", "--out", "OUT")]
    [InlineData("Interrupted.", 9, "edit", "--prompt", "The capital of {} is", "--subject", "France", "--target", "Paris", "--text", "TEXT", "--out", "OUT")]
    [InlineData("Interrupted.", 60, "edit", "--prompt", "The capital of {} is", "--subject", "France", "--target", "Paris", "--text", "TEXT", "--out", "OUT")]
    [InlineData("Interrupted.", 2, "evaluate-edits", "--edits", "1", "--layer", "1", "--out", "OUT.md")]
    public void Command_ends_at_the_next_block(string line, int pass, params string[] command)
    {
        using var interruption = new CancellationTokenSource();
        int begun = 0, late = 0;

        var run = ToolRun.Of([.. command.Select(word => word.Replace("OUT", _folder["out"], StringComparison.Ordinal).Replace("TEXT", _folder["text.txt"], StringComparison.Ordinal)), "--model", _small.Folder], Hook, "", interruption.Token);

        Assert.Equal(line, run.Line(Tool.Interrupted));
        Assert.Equal((pass, 0), (begun, late));
        Assert.Equal(["text.txt"], _folder.Files);

        void Hook(LanguageModel model)
        {
            _ = new Trace(model.Model, "transformer.h.0", new() { EditOutput = Interrupt, RetainOutput = false });
            _ = new Trace(model.Model, "transformer.h.1", new() { EditInput = Late, RetainOutput = false });
        }

        Tensor? Interrupt()
        {
            if (++begun == pass)
                interruption.Cancel();
            return null;
        }

        Tensor? Late()
        {
            late += interruption.IsCancellationRequested ? 1 : 0;
            return null;
        }
    }

    [Fact]
    public void Statistics_keep_the_batches_that_are_finished()
    {
        using var interruption = new CancellationTokenSource();
        int begun = 0;
        Tensor? Interrupt()
        {
            if (++begun == 3)
                interruption.Cancel();
            return null;
        }

        var run = ToolRun.Of(
            ["stats", _folder["text.txt"], "--layers", "transformer.h.1", "--out", _folder["out"], "--model", _small.Folder],
            model => _ = new Trace(model.Model, "transformer.h.0", new() { EditOutput = Interrupt, RetainOutput = false }),
            "",
            interruption.Token);

        Assert.Matches(@"^Interrupted\. 2 batches \(\d+% of the work\) are saved in .*out: the same command goes on from there\.$", run.Line(Tool.Interrupted));
        using var file = StatisticsFile.Load(_folder["out"]);
        Assert.Equal((2, false), (file.Batches, file.IsComplete));
    }
}
