using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Run and Stop: where a pass ends, and whose stop it is.</summary>
public class RunTests
{
    private readonly Tensor _x = randn(2, 3);

    [Fact]
    public void Stop_runs_the_model_up_to_the_layer()
    {
        bool ran = false;
        using Sequential net = nn.Sequential(("a", nn.Linear(3, 4)), ("b", Models.Layer(x =>
        {
            ran = true;
            return x + 1;
        })));
        using var trace = new Trace(net, "a", new() { Stop = true });
        trace.Run(() => net.call(_x));
        Assert.False(ran);
        Tensor output = trace.Output;
        trace.Dispose();
        TensorAssert.Same(((nn.Module<Tensor, Tensor>)net.GetModule("a")).call(_x), output);
    }

    [Fact]
    public void Stop_outside_of_Run_is_an_exception_that_names_its_trace()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "a", new() { Stop = true });
        StopForwardException stop = Assert.Throws<StopForwardException>(() => net.call(_x));
        Assert.Same(trace, stop.Trace);
        Assert.Equal("The forward pass was stopped at layer 'a' (Linear). Run it inside the trace's Run, which ends there quietly.", stop.Message);
    }

    // Defect 1.
    [Fact]
    public void Run_without_the_layer_running_says_so_where_a_stop_was_asked_for()
    {
        using var net = new ScopedNet();
        using var trace = new Trace(net, "unused", new() { Stop = true });
        Assert.Throws<LayerNotRunException>(() => trace.Run(() => net.call(_x)));
    }

    [Fact]
    public void Run_without_the_layer_running_says_so_where_an_edit_was_asked_for()
    {
        using var net = new ScopedNet();
        using var trace = new Trace(net, "unused", new() { EditOutput = (Tensor output) => output });
        Assert.Throws<LayerNotRunException>(() => trace.Run(() => net.call(_x)));
    }

    [Fact]
    public void Run_without_the_layer_running_leaves_it_to_the_reader_where_nothing_was_changed()
    {
        using var net = new ScopedNet();
        using var trace = new Trace(net, "unused");
        trace.Run(() => net.call(_x));
        Assert.Throws<LayerNotRunException>(() => trace.Output);
    }

    [Fact]
    public void Run_gives_what_the_pass_returned()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "c");
        using var traces = new TraceDict(net, ["a", "c"]);
        TensorAssert.Same(net.call(_x), trace.Run(() => net.call(_x))!);
        Assert.Equal((1, "c"), traces.Run(() => ((int)traces["a"].CallCount + 1, traces.Keys.Last())));
    }

    [Fact]
    public void Run_gives_the_default_where_the_pass_was_stopped()
    {
        using Sequential net = Models.Small();
        using (var trace = new Trace(net, "a", new() { Stop = true }))
        {
            Assert.Null(trace.Run(() => net.call(_x)));
            Assert.Equal(0, trace.Run(() => net.call(_x).shape[0]));
        }

        using var traces = new TraceDict(net, ["a", "b"], new() { Stop = true });
        Assert.Null(traces.Run(() => net.call(_x)));
    }

    [Fact]
    public void Run_that_gives_a_result_throws_as_the_other_does()
    {
        using var net = new ScopedNet();
        using var trace = new Trace(net, "unused", new() { Stop = true });
        using var traces = new TraceDict(net, ["first", "unused"], new() { Stop = true });
        Assert.Throws<LayerNotRunException>(() => { trace.Run(() => net.call(_x)); });
        Assert.Throws<LayerNotRunException>(() => { traces.Run(() => net.call(_x)); });
        Assert.Throws<ArgumentNullException>(() => { trace.Run((Func<Tensor>)null!); });
        Assert.Throws<ArgumentNullException>(() => { trace.Run((Action)null!); });
        Assert.Throws<ArgumentNullException>(() => { traces.Run((Func<Tensor>)null!); });
        Assert.Throws<ArgumentNullException>(() => { traces.Run((Action)null!); });
        net.Fail = true;
        Assert.Throws<InvalidOperationException>(() => { trace.Run(() => net.call(_x)); });
    }

    // Defect 3.
    [Fact]
    public void Run_forgets_the_pass_before()
    {
        using var net = new ScopedNet();
        using var trace = new Trace(net, "first");
        trace.Run(() => net.call(_x));
        Assert.Equal(1, trace.CallCount);
        trace.Run(() => { });
        Assert.Equal(0, trace.CallCount);
        Assert.Throws<LayerNotRunException>(() => trace.Output);
    }

    [Fact]
    public void Trace_can_run_many_passes()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "c");
        for (int i = 0; i < 3; i++)
        {
            Tensor? result = null;
            trace.Run(() => result = net.call(_x * i));
            TensorAssert.Same(result!, trace.Output);
        }
    }

    // Defect 4.
    [Fact]
    public void Run_ends_only_on_its_own_stop()
    {
        using Sequential net = Models.Small();
        using var late = new Trace(net, "c", new() { Stop = true });
        using var early = new Trace(net, "a", new() { Stop = true });
        StopForwardException stop = Assert.Throws<StopForwardException>(() => late.Run(() => net.call(_x)));
        Assert.Same(early, stop.Trace);
        late.Clear();
        early.Run(() => late.Run(() => net.call(_x)));
        Assert.Equal(1, early.CallCount);
        Assert.Throws<LayerNotRunException>(() => late.Output);
    }

    [Fact]
    public void Exceptions_pass_through_Run()
    {
        using var net = new ScopedNet { Fail = true };
        using var trace = new Trace(net, "first", new() { RetainInput = true });
        Assert.Throws<InvalidOperationException>(() => trace.Run(() => net.call(_x)));
        Assert.Equal(1, trace.CallCount);
    }

    [Fact]
    public void Other_traces_on_a_stopped_layer_made_before_the_stop_have_seen_the_call()
    {
        using Sequential net = Models.Small();
        using var before = new Trace(net, "a");
        using var stop = new Trace(net, "a", new() { Stop = true });
        stop.Run(() => net.call(_x));
        TensorAssert.Same(before.Output, stop.Output);
    }

    [Fact]
    public void TraceDict_stops_after_the_layer_listed_last_even_when_others_would_run_later()
    {
        using Sequential net = Models.Small();
        using var traces = new TraceDict(net, ["c", "a", "b", "a"], new() { Stop = true });
        traces.Run(() => net.call(_x));
        Assert.Equal([0, 1, 1], traces.Values.Select(trace => trace.CallCount));
    }

    [Fact]
    public void TraceDict_stops_when_every_listed_layer_has_run_under_AllListed()
    {
        using Sequential net = nn.Sequential(("a", nn.Linear(3, 3)), ("b", nn.ReLU()), ("c", nn.ReLU()), ("d", nn.ReLU()));
        using var traces = new TraceDict(net, ["c", "a"], new() { Stop = true, StopRule = StopRule.AllListed });
        for (int i = 0; i < 2; i++)
        {
            bool finished = false;
            traces.Run(() =>
            {
                net.call(_x);
                finished = true;
            });
            Assert.False(finished);
            Assert.All(traces.Values, trace => Assert.Equal(1, trace.CallCount));
        }
    }

    // Defect 1: an empty list.
    [Fact]
    public void TraceDict_of_no_layers_stops_nowhere()
    {
        using Sequential net = Models.Small();
        using var traces = new TraceDict(net, [], new() { Stop = true });
        Tensor? result = null;
        traces.Run(() => result = net.call(_x));
        Assert.NotNull(result);
        Assert.Empty(traces);
    }

    [Fact]
    public void TraceDict_ends_on_no_stop_but_its_own()
    {
        using Sequential net = Models.Small();
        using var single = new Trace(net, "a", new() { Stop = true });
        using var traces = new TraceDict(net, ["a", "c"], new() { Stop = true });
        Assert.Same(single, Assert.Throws<StopForwardException>(() => traces.Run(() => net.call(_x))).Trace);
    }

    [Fact]
    public void TraceDict_says_that_the_pass_never_came_to_its_stop()
    {
        using var net = new ScopedNet();
        using var all = new TraceDict(net, ["first", "unused"], new() { Stop = true, StopRule = StopRule.AllListed });
        Assert.Equal("unused", Assert.Throws<LayerNotRunException>(() => all.Run(() => net.call(_x))).Layer);
        using var last = new TraceDict(net, ["first", "unused"], new() { Stop = true, EditOutput = (Tensor output) => output });
        Assert.Equal("unused", Assert.Throws<LayerNotRunException>(() => last.Run(() => net.call(_x))).Layer);
        using var own = new TraceDict(net, new Dictionary<string, TraceOptions>
        {
            ["first"] = new() { EditOutput = (Tensor output) => output },
            ["unused"] = new() { Stop = true },
        });
        Assert.Equal("unused", Assert.Throws<LayerNotRunException>(() => own.Run(() => net.call(_x))).Layer);
    }

    [Fact]
    public void TraceDict_of_edits_names_every_layer_that_did_not_run()
    {
        using var net = new ScopedNet();
        using var traces = new TraceDict(net, ["unused", "first", "body"], new() { EditOutput = (Tensor output) => output });
        Messages.Same(
            "Layer 'unused' (Linear) has not run since the trace was made or cleared. Either no forward pass reached it, or it was run "
            + "where hooks are not seen: they run through call(), not through forward(), and not inside native or scripted modules.",
            () => traces.Run(() => net.call(_x)));
        Assert.Equal(1, traces["first"].CallCount);
        Messages.Same(
            "Layer 'unused' (Linear) has not run since the trace was made or cleared. Either no forward pass reached it, or it was run "
            + "where hooks are not seen: they run through call(), not through forward(), and not inside native or scripted modules. "
            + "'body' (Sequential) has not run either.",
            () => traces.Run(() => net.first.call(_x)));
    }

    [Fact]
    public void TraceDict_of_edits_is_content_with_a_pass_that_its_own_stop_ended_before_them()
    {
        using Sequential net = Models.Small();
        using var traces = new TraceDict(net, new Dictionary<string, TraceOptions>
        {
            ["c"] = new() { EditOutput = (Tensor output) => output },
            ["a"] = new() { Stop = true },
        });
        traces.Run(() => net.call(_x));
        Assert.Equal(0, traces["c"].CallCount);
    }

    [Fact]
    public void AllListed_begins_anew_with_each_Run_whatever_passes_outside_of_it_left()
    {
        using var net = new ScopedNet { Fail = true };
        using var traces = new TraceDict(net, ["first", "body.relu"], new() { Stop = true, StopRule = StopRule.AllListed });
        Assert.Throws<InvalidOperationException>(() => net.call(_x));
        net.Fail = false;
        traces.Run(() => net.call(_x));
        Assert.All(traces.Values, trace => Assert.Equal(1, trace.CallCount));
        net.Fail = true;
        Assert.Throws<InvalidOperationException>(() => net.call(_x));
        traces.Clear();
        net.Fail = false;
        Assert.Throws<StopForwardException>(() => net.call(_x));
        Assert.All(traces.Values, trace => Assert.Equal(1, trace.CallCount));
    }

    [Fact]
    public void Clearing_one_trace_of_several_leaves_AllListed_to_the_others()
    {
        using Sequential net = nn.Sequential(("a", nn.ReLU()), ("b", nn.ReLU()), ("c", nn.ReLU()));
        using var traces = new TraceDict(net, ["a", "b"], new() { Stop = true, StopRule = StopRule.AllListed });
        using var clears = new Trace(net, "b", new()
        {
            EditInput = (Tensor input) =>
            {
                traces["b"].Clear();
                return input;
            },
        });
        Assert.Same(traces["b"], Assert.Throws<StopForwardException>(() => net.call(_x)).Trace);
    }

    [Fact]
    public void StopRule_is_refused_where_it_would_decide_nothing()
    {
        using Sequential net = Models.Small();
        var rule = new TraceOptions { Stop = true, StopRule = StopRule.AllListed };
        const string list =
            "StopRule.AllListed says when a pass has run a whole list of layers: make a TraceDict from the list and these options";
        Messages.Same($"{list}. A single trace has one layer, and stops there by Stop alone.", () => new Trace(net, "a", rule));
        Messages.Same(
            $"{list}. Where each layer has options of its own, the pass ends after the first that has Stop.",
            () => new TraceDict(net, new Dictionary<string, TraceOptions> { ["a"] = rule, ["b"] = rule }));
        const string alone = "StopRule.AllListed says when Stop ends the pass, and Stop is false. Set Stop = true, or leave StopRule out.";
        Messages.Same(alone, () => new TraceDict(net, ["a", "b"], new() { StopRule = StopRule.AllListed }));
        Messages.Same(alone, () => new Trace(net, "a", new() { StopRule = StopRule.AllListed }));
        Assert.Equal(0, Hooks.Count(net));
    }

    [Fact]
    public void Run_refuses_a_pass_that_only_begins()
    {
        using Sequential net = Models.Small();
        using var trace = new Trace(net, "a", new() { Stop = true });
        using var traces = new TraceDict(net, ["a"]);
        bool ran = false;
        async Task Pass()
        {
            ran = true;
            await Task.Yield();
        }

        Messages.Same(
            "Run was given a function that returns a Task, and the pass must be over when it returns: a stop would end up in the task. "
            + "Await what comes before and after outside of Run, and call the model inside. (Parameter 'forward')",
            () => trace.Run(Pass));
        Refused(() => traces.Run(Pass));
        Refused(() => _ = trace.Run(ValuePass).AsTask());
        Refused(() => trace.Run(async () => await Task.FromResult(1)));
        Assert.False(ran);

        static ValueTask<int> ValuePass() => new(1);
        static void Refused(Action run) => Assert.Throws<ArgumentException>(run);
    }
}
