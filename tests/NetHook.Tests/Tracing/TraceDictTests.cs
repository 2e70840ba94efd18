using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

public class TraceDictTests
{
    private readonly Tensor _x = randn(2, 3);

    [Fact]
    public void Layers_come_in_the_order_given_and_duplicates_once()
    {
        using Sequential net = Models.Small();
        using var traces = new TraceDict(net, ["c", "a", "", "c"]);
        Tensor result = net.call(_x);
        Assert.Equal(["c", "a", ""], traces.Keys);
        Assert.Equal(3, traces.Count);
        TensorAssert.Same(result, traces[""].Output);
        TensorAssert.Same(result, traces["c"].Output);
        Assert.Equal(traces.Values, traces.Select(entry => entry.Value));
        Assert.True(traces.ContainsKey("a") && traces.TryGetValue("a", out Trace? a) && a == traces["a"]);
        Assert.False(traces.TryGetValue("b", out _));
    }

    // Defect 12.
    [Fact]
    public void Layers_may_have_options_of_their_own()
    {
        using Sequential net = Models.Small();
        using var traces = new TraceDict(net, new Dictionary<string, TraceOptions>
        {
            ["a"] = new() { RetainInput = true, RetainOutput = false },
            ["c"] = new() { EditOutput = (Tensor output) => output * 0 },
        });
        TensorAssert.Same(zeros(2, 2), net.call(_x));
        TensorAssert.Same(_x, traces["a"].Input);
        TensorAssert.Same(zeros(2, 2), traces["c"].Output);
        Assert.Throws<ModuleNotFoundException>(() => new TraceDict(net, new Dictionary<string, TraceOptions> { ["d"] = new() }));
    }

    [Fact]
    public void One_edit_serves_many_layers_by_their_names()
    {
        using Sequential net = Models.Small();
        var seen = new List<string>();
        using var traces = new TraceDict(net, ["a", "b", "c"], new()
        {
            EditOutput = (Tensor output, string layer) =>
            {
                seen.Add(layer);
                return layer == "b" ? output * 0 : output;
            },
        });
        TensorAssert.Same(net.GetParameter("c.bias").expand(2, 2), net.call(_x));
        Assert.Equal(["a", "b", "c"], seen);
    }

    // Defect 2.
    [Theory]
    [InlineData("nowhere")]
    [InlineData(null)]
    public void Attaching_is_all_or_nothing_when_a_name_is_wrong(string? name)
    {
        using Sequential net = Models.Small();
        Assert.ThrowsAny<Exception>(() => new TraceDict(net, ["a", "b", name!]));
        Assert.Equal(0, Hooks.Count(net));
    }

    [Fact]
    public void Attaching_is_all_or_nothing_when_options_are_wrong()
    {
        using Sequential net = Models.Small();
        Assert.ThrowsAny<ArgumentException>(() => new TraceDict(net, new Dictionary<string, TraceOptions>
        {
            ["a"] = new(),
            ["b"] = new() { RetainGrad = true, Detach = true },
        }));
        Assert.ThrowsAny<ArgumentException>(() => new TraceDict(net, new Dictionary<string, TraceOptions> { ["a"] = new(), ["b"] = null! }));
        Assert.ThrowsAny<ArgumentException>(() => new TraceDict(net, ["a", "b"], new() { EditOutput = (string s) => s }));
        Assert.Equal(0, Hooks.Count(net));
    }

    [Fact]
    public void Dispose_leaves_no_hook_and_others_hooks_alone()
    {
        using Sequential net = Models.Small();
        var layer = (nn.Module<Tensor, Tensor>)net.GetModule("a");
        int foreign = 0;
        layer.register_forward_hook((_, _, _) =>
        {
            foreign++;
            return null!;
        });
        IReadOnlyList<object> before = Hooks.Of(layer);
        using (var traces = new TraceDict(net, ["a", "b", "c", ""], new() { RetainInput = true }))
        {
            Assert.Equal(9, Hooks.Count(net));
            net.call(_x);
        }

        Assert.Equal(before, Hooks.Of(layer));
        Assert.Equal(1, Hooks.Count(net));
        net.call(_x);
        Assert.Equal(2, foreign);
    }

    [Fact]
    public void Name_that_is_not_traced_is_an_error_that_lists_those_that_are()
    {
        using Sequential net = Models.Small();
        using var traces = new TraceDict(net, ["a", "c"]);
        Assert.Equal("Layer 'b' is not traced. Traced are: a, c.", Assert.Throws<KeyNotFoundException>(() => traces["b"]).Message);
    }

    [Fact]
    public void Four_thousand_layers_can_be_traced_at_once()
    {
        using Sequential net = nn.Sequential([.. Enumerable.Range(0, 4000).Select(i => ($"layer{i}", (nn.Module<Tensor, Tensor>)nn.Identity()))]);
        using var traces = new TraceDict(net, net.ModuleNames());
        net.call(_x);
        Assert.Equal(4000, traces.Count);
        Assert.All(traces.Values, trace => Assert.Equal(1, trace.CallCount));
    }
}
