using NetHook.Interpretability;

namespace NetHook.Cli.Tests;

/// <summary>How often a command runs the model as a whole, and how many texts it encodes: none twice.</summary>
public sealed class PassesTests(SmallModel small) : IDisposable
{
    private const string Prompt = "The capital of France is";

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(1, 1, "trace", Prompt)]
    [InlineData(1, 1, "trace", Prompt, "--layers", "**", "--json")]
    [InlineData(1, 1, "trace", Prompt, "--stop-at", "transformer.h.0")]
    [InlineData(1, 1, "lens", Prompt)]
    [InlineData(1, 1, "causal-trace", Prompt, "--subject", "France")]
    [InlineData(1, 2, "causal-trace", Prompt, "--subject", "France", "--kind", "all", "--answer", " Paris")]
    [InlineData(2, 4, "patch", Prompt, "The capital of Paris is", "--answer", "a", "--counterfactual-answer", "b", "--kind", "all")]
    [InlineData(2, 4, "patch", Prompt, "The capital of Paris is", "--answer", "a", "--counterfactual-answer", "b", "--kind", "q")]
    [InlineData(2, 4, "patch", Prompt, "The capital of Paris is", "--answer", "a", "--counterfactual-answer", "b", "--kind", "q", "--fast")]
    [InlineData(2, 4, "patch", Prompt, "The capital of Paris is", "--answer", "a", "--counterfactual-answer", "b", "--from", "0.0", "--to", "1.1.k")]
    public void Command_runs_the_model_and_encodes_as_often_as_it_must(int passes, int texts, params string[] command)
    {
        (long ran, int encoded) = Count(command);

        Assert.Equal((passes, texts), (ran, encoded));
    }

    [Fact]
    public void Edit_asks_each_prompt_once()
    {
        File.WriteAllText(_folder["text.txt"], string.Concat(Enumerable.Range(0, 60).Select(i => $"The capital of France is Paris {i * 7919 % 1000}. ")));
        string[] edit = ["edit", "--prompt", "The capital of {} is", "--subject", "France", "--target", " Paris", "--text", _folder["text.txt"], "--stats", _folder["keys"], "--ridge", "0.1"];
        ToolRun.Of([.. edit, "--model", small.Folder]);

        long one = Count(edit).Passes, more = Count([.. edit, "--neighbour", "Paris", "--paraphrase", "Of {}"]).Passes;

        Assert.Equal(2, more - one);
    }

    public void Dispose() => _folder.Dispose();

    private (long Passes, int Texts) Count(params string[] command)
    {
        Trace? embedding = null;
        Tokenizer? tokenizer = null;
        int code = ToolRun.Of(
            [.. command, "--model", small.Folder],
            model => (embedding, tokenizer) = (new Trace(model.Model, model.Layout.Embedding, new() { RetainOutput = false }), model.Tokenizer),
            "",
            CancellationToken.None).Code;
        Assert.Equal(Tool.Success, code);
        return (embedding!.CallCount, tokenizer!.TextsEncoded);
    }
}
