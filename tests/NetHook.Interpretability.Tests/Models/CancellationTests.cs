using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>
/// Long methods end at the next block once they are cancelled. It is a block of some pass that cancels, and the block after it that must
/// not run any more: no test looks at a clock.
/// </summary>
public sealed class CancellationTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly LanguageModel _model = Speaking.Model();
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, int> Cases => new()
    {
        { "next tokens", 1 },
        { "lens", 1 },
        { "causal trace", 1 },
        { "causal trace", 2 },
        { "patch", 1 },
        { "patch", 2 },
        { "patch", 3 },
        { "prefixes", 1 },
        { "prefixes", 7 },
        { "edit", 1 },
        { "edit", 2 },
        { "edit", 5 },
        { "comparison", 1 },
        { "comparison", 3 },
        { "evaluation", 4 },
        { "key statistics", 1 },
        { "key statistics", 2 },
        { "statistics", 1 },
        { "statistics", 2 },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Method_ends_at_the_next_block(string method, int pass)
    {
        Action<CancellationToken> run = Method(method);
        using var cancellation = new CancellationTokenSource();
        int begun = 0;
        Tensor? Cancel()
        {
            if (++begun == pass)
                cancellation.Cancel();
            return null;
        }

        using var cancels = new Trace(_model.Model, "transformer.h.1", new() { EditOutput = Cancel, RetainOutput = false });
        int late = 0;
        Tensor? Late()
        {
            late += cancellation.IsCancellationRequested ? 1 : 0;
            return null;
        }

        using var behind = new Trace(_model.Model, "transformer.h.2", new() { EditInput = Late, RetainOutput = false });

        Assert.ThrowsAny<OperationCanceledException>(() => run(cancellation.Token));

        Assert.Equal((pass, 0), (begun, late));
        Assert.Equal(2, _model.Model.ActiveTraces().Count);
    }

    [Fact]
    public void Lens_ends_between_two_reads()
    {
        using var cancellation = new CancellationTokenSource();
        using var last = new Trace(_model.Model, "transformer.h.2", new() { EditOutput = (Func<Tensor?>)Cancel });
        Tensor? Cancel()
        {
            cancellation.Cancel();
            return null;
        }

        Assert.ThrowsAny<OperationCanceledException>(() => LogitLens.Run(_model, Speaking.Prompt, 1, cancellation.Token));
    }

    public void Dispose()
    {
        _folder.Dispose();
        _model.Dispose();
        _scope.Dispose();
    }

    /// <summary>A method, all that it needs made before.</summary>
    private Action<CancellationToken> Method(string name)
    {
        string text = string.Concat(Enumerable.Repeat(Editing.Text, 60));
        var asked = new EditCase { Request = Editing.Easy, Neighbours = [new("The isle of Spain"), new("The capital")] };
        switch (name)
        {
            case "next tokens":
                return cancellation => _model.NextTokens(Speaking.Prompt, 1, cancellation);
            case "lens":
                return cancellation => LogitLens.Run(_model, Speaking.Prompt, 1, cancellation);
            case "causal trace":
                return cancellation => new CausalTracer(_model).Trace(Speaking.Prompt, Speaking.Subject, new() { Samples = 2 }, cancellation: cancellation);
            case "patch":
                return cancellation => new ActivationPatcher(_model).Patch(
                    Speaking.Prompt, "The capital is France of", new() { CleanAnswer = "a", CounterfactualAnswer = "b" }, cancellation: cancellation);
            case "key statistics":
                return cancellation => KeyStatistics.Collect(_model, 2, text, cancellation: cancellation);
            case "statistics":
                return cancellation => new StatisticsJob(_model, Corpus.Text(text), ["transformer.h.2"], _ => new RunningMean()).Run(_folder["out"], cancellation: cancellation);
        }

        RunningSecondMoment keys = KeyStatistics.Collect(_model, 0, Editing.Text);
        if (name == "prefixes")
            return cancellation => _ = new RomeEditor(_model, keys, Editing.Options with { Prefixes = null, PrefixLengths = [5, 5] }, cancellation);
        var editor = new RomeEditor(_model, keys, Editing.Options with { Steps = 10 });
        return name switch
        {
            "edit" => cancellation => editor.Find(Editing.Easy, cancellation: cancellation).Dispose(),
            "comparison" => cancellation => EditEvaluation.Compare(_model, _model, asked, cancellation),
            "evaluation" => cancellation => EditEvaluation.Run(_model, editor, [asked], cancellation: cancellation),
            _ => throw new ArgumentException($"There is no method '{name}'."),
        };
    }
}
