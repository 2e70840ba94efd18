using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook.Tests;

/// <summary>The error that a layer has not run says which method runs it by <c>forward()</c>, read from the compiled code.</summary>
public class ForwardCallTests
{
    public static TheoryData<string, string> Ways => new()
    {
        { nameof(ForwardModels.Field), "Field.forward" },
        { nameof(ForwardModels.Property), "Property.forward" },
        { nameof(ForwardModels.Local), "Local.forward" },
        { nameof(ForwardModels.Conditional), "Conditional.forward" },
        { nameof(ForwardModels.Helper), "Helper.Run" },
        { nameof(ForwardModels.OverriddenHelper), "OverriddenHelper.Run" },
        { nameof(ForwardModels.Closure), "Closure.forward" },
        { nameof(ForwardModels.LocalFunction), "LocalFunction.forward" },
        { nameof(ForwardModels.Query), "Query.forward" },
        { nameof(ForwardModels.Group), "Group.forward" },
        { nameof(ForwardModels.KeptGroup), "KeptGroup.forward" },
        { nameof(ForwardModels.Iterator), "Iterator.Steps" },
        { nameof(ForwardModels.Async), "Async.Run" },
        { nameof(ForwardModels.Base), "Base.forward" },
        { nameof(ForwardModels.Derived), "Base.forward" },
        { nameof(ForwardModels.CallsBase), "Base.forward" },
        { nameof(ForwardModels.Encoding), "Encoding.Encode" },
    };

    [Theory]
    [MemberData(nameof(Ways))]
    public void Layer_run_by_forward_is_found(string model, string method)
    {
        using Module net = model == nameof(ForwardModels.Base) ? new ForwardModels.Base()
            : (Module)Activator.CreateInstance(typeof(ForwardModels).GetNestedType(model, System.Reflection.BindingFlags.NonPublic)!)!;
        ForwardCall found = Assert.IsType<ForwardCall>(NotRun(net, "fc").ForwardCall);

        Assert.Equal(("fc", "", method), (found.Layer, found.Module, found.MethodName));
        Assert.Equal($"{method} runs 'fc' by forward(), which runs no hooks. Set NetHookRewriteForward in the project file, or write fc.call(x).", found.Explanation);
    }

    [Fact]
    public void Layer_of_a_generic_module_is_found()
    {
        using var net = new ForwardModels.Generic<ForwardModels.Visible>(new());

        Assert.Equal("Generic.forward", NotRun(net, "fc").ForwardCall?.MethodName);
        Assert.Null(NotRun(net, "fc.fc").ForwardCall);
    }

    [Theory]
    [InlineData("items.0")]
    [InlineData("items.1")]
    [InlineData("indexed.1")]
    [InlineData("named.a")]
    [InlineData("named.b")]
    [InlineData("tried.a")]
    [InlineData("steps.two")]
    [InlineData("whole")]
    [InlineData("queried.0")]
    [InlineData("first")]
    [InlineData("second")]
    [InlineData("paired")]
    public void Layer_in_a_list_is_found(string layer)
    {
        using var net = new ForwardModels.Lists();

        Assert.Equal("Lists.forward", NotRun(net, layer).ForwardCall?.MethodName);
    }

    [Theory]
    [InlineData("steps")]
    [InlineData("whole.one")]
    public void Layer_that_forward_of_another_runs_is_not_named(string layer)
    {
        using var net = new ForwardModels.Lists();

        Assert.Null(NotRun(net, layer).ForwardCall);
    }

    [Fact]
    public void Module_that_runs_the_layer_is_said_by_its_path()
    {
        using Sequential net = Sequential(("block", new ForwardModels.Field()));
        LayerNotRunException error = NotRun(net, "block.fc");

        Assert.Equal("block", error.ForwardCall?.Module);
        Assert.Equal(
            "Layer 'block.fc' (Linear) has not run since the trace was made or cleared. Field.forward runs 'block.fc' by forward(), which runs no hooks. "
            + "Set NetHookRewriteForward in the project file, or write fc.call(x).",
            error.Message);
    }

    [Fact]
    public void Layer_shared_at_two_paths_is_found_by_either()
    {
        using var runs = new ForwardModels.Field();
        using Sequential net = Sequential(("holder", Sequential(("fc", runs.fc))), ("block", runs));

        Assert.Equal("block", NotRun(net, "holder.fc").ForwardCall?.Module);
    }

    [Fact]
    public void Pass_that_runs_the_model_by_forward_is_said()
    {
        using Linear net = Linear(2, 2);
        using var trace = new Trace(net, options: new() { Stop = true });
        LayerNotRunException error = Assert.Throws<LayerNotRunException>(() => trace.Run(() => net.forward(ones(1, 2))));

        Assert.Null(error.ForwardCall!.Module);
        Assert.Equal(
            "Layer '' (the model itself, Linear) has not run since the trace was made or cleared. ForwardCallTests.Pass_that_runs_the_model_by_forward_is_said "
            + "runs the model by forward(), which runs no hooks. Set NetHookRewriteForward in the project file, or write call(x).",
            error.Message);
    }

    [Fact]
    public void Overload_that_call_lacks_is_said()
    {
        using var net = new ForwardModels.RunsMasked();

        Assert.Equal(
            "RunsMasked.forward runs 'fc' by forward(), which runs no hooks. call() has no overload with these arguments: "
            + "give 'fc' a forward() that overrides that of Module<...>, and write fc.call(...).",
            NotRun(net, "fc").ForwardCall?.Explanation);
    }

    [Fact]
    public void Layer_that_is_run_by_call_has_the_message_of_old()
    {
        using var net = new ForwardModels.Visible();
        LayerNotRunException error = NotRun(net, "fc");

        Assert.Null(error.ForwardCall);
        Assert.EndsWith("and not inside native or scripted modules.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Model_is_not_touched_by_the_search()
    {
        using var net = new ForwardModels.Lists();
        NotRun(net, "whole");

        Assert.Empty(net.ActiveTraces());
        net.call(ones(1, 2)).Dispose();
    }

    private static LayerNotRunException NotRun(Module net, string layer)
    {
        using var trace = new Trace(net, layer);
        return Assert.Throws<LayerNotRunException>(() => trace.Output);
    }
}
