using NetHook.Tests;

namespace NetHook.Interpretability.Tests;

/// <summary>One row of the table: an operation, tried in each way on models that are compared with what they were.</summary>
internal sealed class PromiseTable(string model, Promised operation) : IDisposable
{
    private readonly PromiseSubject _subject = new(model);
    private long? _live;

    public static bool Has(Promised operation, Scenario scenario) => scenario switch
    {
        Scenario.BadArgument => operation.Bad.Length > 0,
        Scenario.Cancelled => PublicOperations.CanBeCancelled(operation.Member),
        _ => true,
    };

    public void Check(Scenario scenario)
    {
        // The first run may keep something for good, such as a cache.
        Assert.Null(Run(Nothing));
        _live = Live.Tensors;
        (int passes, int edits) = (ProbedLayer.Probe.Passes, _subject.Edits.Passes);
        switch (scenario)
        {
            case Scenario.Fine:
                Assert.Null(Run(Nothing));
                break;
            case Scenario.BadArgument:
                foreach (Action<PromiseSubject> bad in operation.Bad)
                    AssertAnswer(Compare(subject => Record.Exception(() => bad(subject))));
                break;
            case Scenario.ModelThrows:
                foreach (int pass in Of(passes))
                    AssertThrown(Run(source => ProbedLayer.Probe.Set(pass, Throw)));
                break;
            case Scenario.EditThrows:
                foreach (int pass in Of(edits))
                    AssertThrown(Run(source => _subject.Edits.Set(pass, Throw)));
                break;
            case Scenario.Cancelled:
                Assert.IsAssignableFrom<OperationCanceledException>(Run(source => source.Cancel()));
                foreach (int pass in Of(passes))
                    Assert.IsAssignableFrom<OperationCanceledException>(Run(source => ProbedLayer.Probe.Set(pass, source.Cancel)));
                break;
            case Scenario.DisposedInTheMiddle:
                foreach (int pass in Of(passes))
                    Run(source => ProbedLayer.Probe.Set(pass, _subject.Release), keepsTraces: false);
                break;
            case Scenario.ModelDisposedInTheMiddle:
                if (passes > 0)
                    AssertNothingLeft();
                break;
        }
    }

    public void Dispose()
    {
        ProbedLayer.Probe.Set(0, null);
        _subject.Dispose();
    }

    // The first pass, one in the middle, the last.
    private static IEnumerable<int> Of(int passes) => passes == 0 ? [] : new[] { 1, (passes + 1) / 2, passes }.Distinct();

    private static void Nothing(CancellationTokenSource source)
    {
    }

    private static void Throw() => throw new ProbeException();

    private static long LeftAfter(string model, Action<PromiseSubject> use)
    {
        long before = Live.Tensors;
        using (var subject = new PromiseSubject(model))
            use(subject);
        return Live.Tensors - before;
    }

    private static void AssertThrown(Exception? thrown)
    {
        Exception? cause = thrown;
        while (cause is not (null or ProbeException))
            cause = cause.InnerException;
        Assert.True(cause is not null, $"what was thrown did not reach the caller, but {thrown?.ToString() ?? "nothing"}");
    }

    private static void AssertAnswer(Exception? thrown) => Assert.True(
        thrown is ArgumentException or KeyNotFoundException or InvalidOperationException or NotSupportedException or InvalidCastException or IOException,
        $"it is no answer to a bad argument: {thrown?.ToString() ?? "nothing was thrown"}");

    private void AssertNothingLeft()
    {
        long left = LeftAfter(model, subject =>
        {
            Action<CancellationToken> call = Prepare(subject);
            ProbedLayer.Probe.Set(1, subject.DisposeModels);
            Exception? thrown = Record.Exception(() => call(default));
            ProbedLayer.Probe.Set(0, null);
            Assert.False(thrown is NullReferenceException or IndexOutOfRangeException, $"{thrown}");
            subject.Release();
            Assert.All(subject.Models.Values, each => Assert.Equal(0, Hooks.Count(each)));
        });

        // TorchSharp counts the weights of its own layers twice.
        Assert.Equal(LeftAfter(model, _ => { }), left);
    }

    // The caller has a trace attached, whose edit counts and may throw.
    private Action<CancellationToken> Prepare(PromiseSubject subject)
    {
        subject.Own(new Trace(subject.Model, subject.Layer, new() { EditOutput = subject.Edit }));
        subject.Own(new Trace(subject.Net, "b", new() { EditOutput = subject.Edit }));
        return operation.Prepare(subject);
    }

    /// <summary>Runs the operation and compares everything, before what the caller made is disposed and after.</summary>
    private Exception? Run(Action<CancellationTokenSource> arrange, bool keepsTraces = true)
    {
        using var cancellation = new CancellationTokenSource();
        return Compare(
            subject =>
            {
                Action<CancellationToken> call = Prepare(subject);
                List<string> prepared = ModelState.Of(subject);
                ProbedLayer.Probe.Set(0, null);
                subject.Edits.Set(0, null);
                arrange(cancellation);
                Exception? thrown = Record.Exception(() => call(cancellation.Token));
                if (keepsTraces)
                    Assert.Equal(prepared, ModelState.Of(subject));
                return thrown;
            });
    }

    private Exception? Compare(Func<PromiseSubject, Exception?> run)
    {
        List<string> before = ModelState.Of(_subject);
        _live ??= Live.Tensors;
        Exception? thrown = run(_subject);
        _subject.Release();

        // Without a collection: what an operation is done with is freed at once.
        long left = TorchSharp.torch.Tensor.TotalCount;
        Assert.Equal(before, ModelState.Of(_subject));
        Assert.InRange(left, 0, _live.Value);
        return thrown;
    }
}
