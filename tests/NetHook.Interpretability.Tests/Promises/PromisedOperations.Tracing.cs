using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

// Traces.
internal static partial class PromisedOperations
{
    private static readonly string[] _layers = ["a", "b", "b.norm"];

    private static IEnumerable<Promised> Tracing =>
    [
        new(
            "new Trace(Module, string, TraceOptions)",
            s => _ =>
            {
                using Trace trace = TraceOf(s);
                s.PassNet();
            },
            s => Make(new Trace(null!, "b")),
            s => Make(new Trace(s.Net, "nowhere")),
            s => Make(new Trace(s.Net, "b", new() { RetainGrad = true, Detach = true })),
            s => Make(new Trace(s.Net, "b", new() { EditOutput = (string text) => text }))),
        new("Trace.Run(Action)", s => Traced(s, (trace, _) => trace.Run(s.PassNet)), s => s.Own(TraceOf(s)).Run((Action)null!), s => s.Own(TraceOf(s)).Run(() => { })),
        new(
            "Trace.Run<T>(Func<T>)",
            s =>
            {
                Trace stop = s.Own(new Trace(s.Net, "b.norm", new() { Stop = true, EditOutput = s.Edit }));
                return _ =>
                {
                    using DisposeScope scope = NewDisposeScope();
                    stop.Run(() => s.Net.call(s.Input));
                };
            },
            s => s.Own(TraceOf(s)).Run((Func<Tensor>)null!),
            s => s.Own(TraceOf(s)).Run(() => s.Ids)),
        new("Trace.Clear()", s => Traced(s, (trace, pass) =>
        {
            pass();
            trace.Clear();
        })),
        new("Trace.Dispose()", s => Traced(s, (trace, pass) =>
        {
            pass();
            using Trace other = TraceOf(s);
        })),
        new("Trace.AtStep(int)", s => cancellation =>
        {
            using var trace = new Trace(s.Model, s.Layer, new() { History = CallHistory.All });
            s.Language.Generate("The capital", 2, Endless, cancellation);
            trace.AtStep(1).Output.Dispose();
        }, s => s.Own(TraceOf(s)).AtStep(-1)),
        new("Trace.OutputAs<T>()", s => Traced(s, (trace, pass) =>
        {
            pass();
            trace.OutputAs<Tensor>().Dispose();
        }), s => s.Own(TraceOf(s)).OutputAs<Tensor>()),
        new("Trace.InputAs<T>()", s => Traced(s, (trace, pass) =>
        {
            pass();
            trace.InputAs<Tensor>().Dispose();
        }), s => s.Own(TraceOf(s)).InputAs<Tensor>()),
        new(
            "Trace.GradientAs<T>()",
            s => _ =>
            {
                using DisposeScope scope = NewDisposeScope();
                using IDisposable frozen = Gradients.Frozen(s.Net);
                using var trace = new Trace(s.Net, "b.norm", new() { RetainGrad = true, EditGradient = s.Edit });
                Tensor input = s.Input.clone().requires_grad_();
                s.Net.call(input).sum().backward();
                trace.GradientAs<Tensor>();
            },
            s => s.Own(new Trace(s.Net, "b", new() { RetainGrad = true })).GradientAs<Tensor>()),
        new(
            "new TraceDict(Module, IEnumerable<string>, TraceOptions)",
            s => _ =>
            {
                using var traces = new TraceDict(s.Net, _layers, Options(s));
                s.PassNet();
            },
            s => Make(new TraceDict(s.Net, ["a", "nowhere"])),
            s => Make(new TraceDict(s.Net, ["a", "b"], new() { EditOutput = (string text) => text }))),
        new(
            "new TraceDict(Module, IReadOnlyDictionary<string, TraceOptions>)",
            s => _ =>
            {
                using var traces = new TraceDict(s.Net, _layers.ToDictionary(layer => layer, _ => Options(s)));
                s.PassNet();
            },
            s => Make(new TraceDict(s.Net, new Dictionary<string, TraceOptions> { ["a"] = new(), ["b"] = null! })),
            s => Make(new TraceDict(s.Net, new Dictionary<string, TraceOptions> { ["a"] = new(), ["b"] = new() { EditInput = (string text) => text } }))),
        new("TraceDict.Run(Action)", s => TracedAll(s, (traces, _) => traces.Run(s.PassNet)), s => s.Own(TracesOf(s)).Run((Action)null!), s => s.Own(TracesOf(s)).Run(() => { })),
        new(
            "TraceDict.Run<T>(Func<T>)",
            s =>
            {
                TraceDict stop = s.Own(new TraceDict(s.Net, _layers, new() { Stop = true, StopRule = StopRule.AllListed, EditOutput = s.Edit }));
                return _ =>
                {
                    using DisposeScope scope = NewDisposeScope();
                    stop.Run(() => s.Net.call(s.Input));
                };
            },
            s => s.Own(TracesOf(s)).Run((Func<Tensor>)null!)),
        new("TraceDict.Clear()", s => TracedAll(s, (traces, pass) =>
        {
            pass();
            traces.Clear();
        })),
        new("TraceDict.Dispose()", s => TracedAll(s, (_, pass) =>
        {
            pass();
            TracesOf(s).Dispose();
        })),
        new("RunningStatistic.Add(Trace)", s => Traced(s, (trace, pass) =>
        {
            pass();
            using var mean = new RunningMean();
            mean.Add(trace);
        }), s => s.Own(new RunningMean()).Add(s.Own(TraceOf(s)))),
        new("LayerStatistics.Add(TraceDict)", s => TracedAll(s, (traces, pass) =>
        {
            pass();
            using var statistics = new LayerStatistics(_layers, _ => new RunningVariance());
            statistics.Add(traces);
        }), s => s.Own(new LayerStatistics(["nowhere"], _ => new RunningVariance())).Add(s.Own(TracesOf(s)))),
    ];

    private static TraceOptions Options(PromiseSubject s) => new() { RetainInput = true, Clone = true, History = CallHistory.LastOf(2), EditInput = s.Edit, EditOutput = s.Edit };

    private static Trace TraceOf(PromiseSubject s) => new(s.Net, "b", Options(s));

    private static TraceDict TracesOf(PromiseSubject s) => new(s.Net, _layers, Options(s));

    private static Action<CancellationToken> Traced(PromiseSubject s, Action<Trace, Action> use)
    {
        Trace trace = s.Own(TraceOf(s));
        return _ => use(trace, s.PassNet);
    }

    private static Action<CancellationToken> TracedAll(PromiseSubject s, Action<TraceDict, Action> use)
    {
        TraceDict traces = s.Own(TracesOf(s));
        return _ => use(traces, s.PassNet);
    }
}
