using System.Diagnostics;

namespace NetHook.Cli.Tests;

/// <summary>The tool as it is started by a user, with its output going to another program.</summary>
public sealed class ProcessTests(SmallModel model)
{
    [Fact]
    public async Task Piped_output_is_plain_text_that_is_never_folded()
    {
        (int code, string output, string error) = await ProcessRun.Of("trace", "The capital of France is", "--layers", "**", "--model", model.Folder);

        Assert.Equal((Tool.Success, ""), (code, error));
        Assert.DoesNotContain('\u001b', output);
        Assert.DoesNotContain('\r', output);
        Assert.Contains("\ntransformer.h.1.attn.resid_dropout  Dropout", output, StringComparison.Ordinal);
        Assert.All(output.Split('\n'), line => Assert.Equal(line.TrimEnd(), line));
    }

    [Fact]
    public async Task Errors_are_one_line_on_standard_error()
    {
        Assert.Equal(new(Tool.Failure, "", "nethook: No layer of Gpt2 matches 'nothing'. Its children are transformer, lm_head.\n"), await ProcessRun.Of("layers", "nothing", "--model", model.Folder));
        Assert.Equal(new(Tool.UsageError, "", "nethook: Required argument missing for command: 'trace'. See 'nethook trace --help'.\n"), await ProcessRun.Of("trace"));
    }

    [Fact]
    public async Task Terminated_run_says_so_in_its_exit_code_and_leaves_no_file()
    {
        // Windows has no signals to send.
        if (OperatingSystem.IsWindows())
            return;
        using var folder = new TemporaryFolder();
        using Process process = ProcessRun.Start("trace", "The", "--layers", "**", "--model", model.Folder, "--out", folder["out.safetensors"]);

        // Where the signal comes before the tool is ready for it, the system ends the process, with the same code.
        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(143, process.ExitCode);
        Assert.Empty(folder.Files);
    }
}
