using System.Text.Json;
using NetHook.Interpretability;
using TorchSharp;

namespace NetHook.Cli.Tests;

public sealed class DeviceOptionTests(SmallModel model)
{
    private const string Prompt = "The capital of France is";

    [Theory]
    [InlineData("cpu", 0, "cpu")]
    [InlineData("cuda", 1, "cuda:0")]
    [InlineData("cuda:0", 1, "cuda:0")]
    [InlineData("cuda:3", 4, "cuda:3")]
    public void Device_is_read(string name, int gpus, string device) => Assert.Equal(device, DeviceOption.Parse(name, () => gpus).ToString());

    [Theory]
    [InlineData("gpu", 1, "--device gpu is none of cpu, cuda and cuda:n, n a number from 0.")]
    [InlineData("cuda:", 1, "--device cuda: is none of cpu, cuda and cuda:n, n a number from 0.")]
    [InlineData("cuda:-1", 1, "--device cuda:-1 is none of cpu, cuda and cuda:n, n a number from 0.")]
    [InlineData("cuda:1:2", 1, "--device cuda:1:2 is none of cpu, cuda and cuda:n, n a number from 0.")]
    [InlineData("CUDA", 1, "--device CUDA is none of cpu, cuda and cuda:n, n a number from 0.")]
    [InlineData("cuda", 0, "--device cuda: there is no GPU here that this libtorch can use. Leave --device out to compute on the CPU; 'nethook doctor' says what is here.")]
    [InlineData("cuda:1", 1, "--device cuda:1: there is one GPU, cuda:0.")]
    [InlineData("cuda:2", 2, "--device cuda:2: there are 2 GPUs, cuda:0 to cuda:1.")]
    public void Device_that_is_not_there_is_refused(string name, int gpus, string message) =>
        Assert.Equal(message, Assert.Throws<ToolException>(() => DeviceOption.Parse(name, () => gpus)).Message);

    public static TheoryData<string[]> Commands => new()
    {
        new string[] { "trace", Prompt },
        new string[] { "lens", Prompt },
        new string[] { "causal-trace", Prompt, "--subject", "France" },
        new string[] { "patch", Prompt, "The capital of Paris is" },
        new string[] { "edit", "--prompt", "{}", "--subject", "France", "--target", "Paris" },
        new string[] { "evaluate-edits" },
        new string[] { "stats", "no-such-text", "--layers", "**", "--out", "no-such-file" },
    };

    [Theory]
    [MemberData(nameof(Commands))]
    public void Every_command_refuses_a_device_that_is_not_there_before_the_model_is_read(string[] command)
    {
        Assert.Equal("--device gpu is none of cpu, cuda and cuda:n, n a number from 0.", ToolRun.Of([.. command, "--device", "gpu", "--model", "no-such-folder"]).Line(Tool.Failure));
        Assert.Equal(
            $"Argument 'f64' not recognized. Must be one of: 'f32' 'bf16' 'f16' See 'nethook {command[0]} --help'.",
            ToolRun.Of([.. command, "--dtype", "f64", "--model", "no-such-folder"]).Line(Tool.UsageError));
    }

    [Theory]
    [InlineData("f32", torch.ScalarType.Float32)]
    [InlineData("bf16", torch.ScalarType.BFloat16)]
    [InlineData("f16", torch.ScalarType.Float16)]
    public void Model_computes_with_the_type_asked_for(string name, torch.ScalarType type)
    {
        torch.ScalarType? found = null;

        var run = ToolRun.Of(["trace", Prompt, "--dtype", name, "--device", "cpu", "--json", "--model", model.Folder], read => found = read.Model.parameters().First().dtype, "", CancellationToken.None);

        Assert.Equal((Tool.Success, ""), (run.Code, run.Error));
        Assert.Equal(type, found);
        Assert.Equal(5, JsonDocument.Parse(run.Out).RootElement.GetProperty("nextTokens").GetArrayLength());
    }

    [Theory]
    [InlineData("lens", Prompt)]
    [InlineData("causal-trace", Prompt, "--subject", "France")]
    [InlineData("patch", Prompt, "The capital of Paris is", "--answer", "a", "--counterfactual-answer", "b")]
    public void Commands_work_in_half_precision(params string[] command)
    {
        foreach (string type in (string[])["bf16", "f16"])
            Assert.Equal((Tool.Success, ""), (ToolRun.Of([.. command, "--dtype", type, "--model", model.Folder]) is var run ? run.Code : 0, run.Error));
    }
}
