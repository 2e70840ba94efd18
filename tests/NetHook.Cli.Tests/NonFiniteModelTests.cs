using NetHook.Interpretability;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Cli.Tests;

/// <summary>A model with one NaN among its weights gives no answer, and the commands say where it begins.</summary>
public sealed class NonFiniteModelTests : IDisposable
{
    private const string Prompt = "The capital of France is";

    private readonly TemporaryFolder _folder = new();

    public NonFiniteModelTests(SmallModel small)
    {
        using var model = LanguageModel.FromPretrained(small.Folder);
        using (no_grad())
            model.Model.GetParameter("transformer.h.1.mlp.c_fc.weight").view(-1).narrow(0, 5, 1).fill_(float.NaN);
        model.SavePretrained(_folder.Path);
        File.WriteAllText(_folder["TEXT"], string.Concat(Enumerable.Repeat($"{Prompt} Paris. ", 50)));
    }

    [Theory]
    [InlineData("trace", Prompt)]
    [InlineData("lens", Prompt)]
    [InlineData("causal-trace", Prompt, "--subject", "France")]
    [InlineData("patch", Prompt, "The capital of Paris is", "--answer", "a", "--counterfactual-answer", "b")]
    [InlineData("generate", Prompt, "--json")]
    [InlineData("edit", "--prompt", "The capital of {} is", "--subject", "France", "--target", "a", "--text", "TEXT")]
    [InlineData("stats", "TEXT", "--layers", "**.1.mlp", "--out", "OUT")]
    public void Command_says_which_layer_is_at_fault(params string[] command) => Assert.Equal(
        "The output of Gpt2 is not finite. It begins at layer 'transformer.h.1.mlp.c_fc' (Conv1D), whose output holds NaN, as does its parameter weight.",
        ToolRun.Of([.. command.Select(Given), "--model", _folder.Path]).Line(Tool.Failure));

    public void Dispose() => _folder.Dispose();

    private string Given(string argument) => argument is "TEXT" or "OUT" ? _folder[argument] : argument;
}
