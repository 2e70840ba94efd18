using NetHook.Rewriting;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Build.Tests;

/// <summary>Which uses of <c>forward()</c> become <c>call()</c>: those layers are seen, and the numbers stay the same.</summary>
public sealed class ForwardWeaverTests
{
    private const string OnItself = "Net.call keeps Module.forward(Tensor): it is what a method named call runs on its own module";

    private const string Layers = """
        public class Gated() : nn.Module<Tensor, Tensor>("Gated")
        {
            public override Tensor forward(Tensor x) => x.sigmoid();
            public Tensor forward(Tensor x, Tensor gate) => x * gate;
        }
        public class Holder<TLayer>(TLayer layer) : nn.Module<Tensor, Tensor>("Holder") where TLayer : nn.Module<Tensor, Tensor>
        {
            public TLayer layer = layer;
            public override Tensor forward(Tensor x) => layer.forward(x);
        }
        public class Pair<T>() : nn.Module<T, T, T>("Pair")
        {
            public override T forward(T left, T right) => left;
        }
        public class DeepPair() : Pair<Tensor>
        {
            public override Tensor forward(Tensor left, Tensor right) => base.forward(left, right) + right;
        }
        public class Six() : nn.Module<Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor>("Six")
        {
            public override Tensor forward(Tensor a, Tensor b, Tensor c, Tensor d, Tensor e, Tensor f) => a + b + c + d + e + f;
        }
        """;

    public static TheoryData<string, string, bool> Uses
    {
        get
        {
            var uses = new (string Layer, string Use)[]
            {
                ("nn.Module<Tensor, Tensor> layer = nn.Linear(4, 4);", "layer.forward(x)"),
                ("Linear layer = nn.Linear(4, 4);", "layer.forward(x)"),
                ("Sequential layer = nn.Sequential(nn.ReLU());", "layer.forward(x)"),
                ("Gated layer = new();", "layer.forward(x)"),
                ("Linear layer = nn.Linear(4, 4);", "((Func<Tensor, Tensor>)layer.forward)(x)"),
                ("Linear layer = nn.Linear(4, 4);", "new[] { x }.Select(layer.forward).Single()"),
                ("Linear layer = nn.Linear(4, 4);", "new[] { x }.Select(item => layer.forward(item)).Single()"),
                ("Linear layer = nn.Linear(4, 4);", "Local(x); Tensor Local(Tensor y) => layer.forward(y)"),
                ("Linear layer = nn.Linear(4, 4);", "Task.Run(async () => { await Task.Yield(); return layer.forward(x); }).Result"),
                ("Linear layer = nn.Linear(4, 4);", "Steps().Last(); IEnumerable<Tensor> Steps() { yield return layer.forward(x); }"),
                ("Linear layer = nn.Linear(4, 4);", "layer?.forward(x)!"),
                ("Linear layer = nn.Linear(4, 4);", "new nn.Module<Tensor, Tensor>[] { layer }[0].forward(x)"),
                ("Linear layer = nn.Linear(4, 4);", "Run(layer, x); static Tensor Run<TLayer>(TLayer any, Tensor y) where TLayer : nn.Module<Tensor, Tensor> => any.forward(y)"),
                ("Linear layer = nn.Linear(4, 4);", "Run(ref layer, x); static Tensor Run<TLayer>(ref TLayer any, Tensor y) where TLayer : nn.Module<Tensor, Tensor> => any.forward(y)"),
                ("Pair<Tensor> layer = new DeepPair();", "layer.forward(x, x)"),
                ("DeepPair layer = new();", "layer.forward(x, x)"),
                ("Pair<Tensor> layer = new();", "Run(layer, x); static T Run<T>(Pair<T> any, T y) => any.forward(y, y)"),
                ("Six layer = new();", "layer.forward(x, x, x, x, x, x)"),
                ("LSTM layer = nn.LSTM(4, 4);", "layer.forward(x.unsqueeze(0), null).Item1"),
                ("LSTM layer = nn.LSTM(4, 4);", "layer.forward(x.unsqueeze(0)).Item1"),
                ("GRU layer = nn.GRU(4, 4);", "layer.forward(x.unsqueeze(0)).Item1"),
                ("MultiheadAttention layer = nn.MultiheadAttention(4, 1);", "layer.forward(x.unsqueeze(0), x.unsqueeze(0), x.unsqueeze(0), null, true, null).Item1"),
                ("Bilinear layer = nn.Bilinear(4, 4, 4);", "layer.forward(x, x)"),
            };
            var data = new TheoryData<string, string, bool>();
            foreach ((string? layer, string? use) in uses)
            {
                data.Add(layer, use, false);
                data.Add(layer, use, true);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Uses))]
    public void Layer_that_forward_runs_is_seen_after_rewriting(string layer, string use, bool optimize)
    {
        AssemblyImage image = ModelCode.Compile($$"""
            {{Layers}}
            public class Net : nn.Module<Tensor, Tensor>
            {
                public {{layer}}
                public Net() : base("Net") => RegisterComponents();
                public override Tensor forward(Tensor x) { return {{use}}; }
            }
            """, optimize);

        Assert.Equal(0, Calls(ModelCode.Net(image), out Tensor? before));
        (AssemblyImage? rewritten, ForwardWeaver _) = ModelCode.Rewrite(image);
        Assert.Equal(1, Calls(ModelCode.Net(rewritten), out Tensor? after));
        Assert.True(before.Equals(after));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Layer_in_a_generic_model_is_seen(bool optimize)
    {
        AssemblyImage image = ModelCode.Compile($$"""
            {{Layers}}
            public class Net : Holder<Linear> { public Net() : base(nn.Linear(4, 4)) => RegisterComponents(); }
            """, optimize);

        Assert.Equal(1, Calls(ModelCode.Net(ModelCode.Rewrite(image).Image), out _));
    }

    [Theory]
    [InlineData("public override Tensor forward(Tensor x) => base.forward(x);", "Net.forward keeps Gated.forward(Tensor): it is base.forward, or bound to this very method")]
    [InlineData("public Tensor Run(Tensor x) => forward(x, x);", "Net.Run keeps Gated.forward(Tensor, Tensor): call() has no such overload")]
    [InlineData("public new Tensor forward(Tensor x) => x; public Tensor Run(Tensor x) => this.forward(x);", "Net.Run keeps Net.forward(Tensor): call() has no such overload")]
    [InlineData("public new Tensor call(Tensor x) => forward(x);", OnItself)]
    [InlineData("public new Tensor call(Tensor x) { var self = this; return self.forward(x.sum() is null ? x : x + 1); }", OnItself)]
    [InlineData("public Tensor call(Tensor x, int n) => new[] { x }.Select(y => this.forward(y * n)).Single();", OnItself)]
    [InlineData("public Tensor call(Tensor x, int n) => Array.ConvertAll([x], forward)[0];", OnItself)]
    [InlineData("public Tensor call(Tensor x, int n) { return Local(); Tensor Local() => forward(x); }", OnItself)]
    [InlineData("public async Task<Tensor> call(Tensor x, long n) { await Task.Yield(); return forward(x); }", OnItself)]
    [InlineData("public IEnumerable<Tensor> call(Tensor x, long n) { yield return forward(x); }", OnItself)]
    public void Use_that_must_stay_is_listed(string member, string expected)
    {
        foreach (bool optimize in new[] { false, true })
        {
            AssemblyImage image = ModelCode.Compile($$"""
                public class Gated() : nn.Module<Tensor, Tensor>("Gated")
                {
                    public override Tensor forward(Tensor x) => x.sigmoid();
                    public Tensor forward(Tensor x, Tensor gate) => x * gate;
                }
                public class Net() : Gated
                {
                    {{member}}
                }
                """, optimize);

            ForwardWeaver weaver = ModelCode.Rewrite(image).Weaver;
            ForwardSite listed = Assert.Single(weaver.Kept);
            Assert.Equal(expected, listed.ToString());
            Assert.Equal(("Model.cs", 8), (listed.File, listed.Line));
            Assert.Equal(0, weaver.Rewritten);
        }
    }

    [Fact]
    public void Another_module_that_a_method_named_call_runs_is_seen()
    {
        AssemblyImage image = ModelCode.Compile("""
            public class Net() : nn.Module<Tensor, Tensor>("Net")
            {
                public Linear layer = nn.Linear(4, 4);
                public override Tensor forward(Tensor x) { RegisterComponents(); return call(x, 1); }
                public Tensor call(Tensor x, int n) => layer.forward(x);
            }
            """);

        (AssemblyImage _, ForwardWeaver? weaver) = ModelCode.Rewrite(image);
        Assert.Equal(1, weaver.Rewritten);
        Assert.Empty(weaver.Kept);
    }

    [Fact]
    public void Assembly_that_was_rewritten_has_nothing_to_rewrite()
    {
        using AssemblyFiles resolver = ModelCode.Resolver;
        AssemblyImage once = ModelCode.Rewrite(ModelCode.Compile("public static class Runner { public static Tensor Run(Linear layer, Tensor x) => layer.forward(x); }")).Image;

        Assert.Null(once.Rewrite(resolver, new ForwardWeaver().Rewrite));
    }

    [Fact]
    public void Method_named_forward_of_another_type_is_left_alone()
    {
        AssemblyImage image = ModelCode.Compile("""
            public class Wind { public virtual Tensor forward(Tensor x) => x; }
            public static class Runner { public static Tensor Run(Wind wind, Tensor x) => wind.forward(x); }
            """);

        (AssemblyImage _, ForwardWeaver? weaver) = ModelCode.Rewrite(image);
        Assert.Equal(0, weaver.Rewritten);
        Assert.Empty(weaver.Kept);
    }

    private static long Calls(nn.Module<Tensor, Tensor> net, out Tensor result)
    {
        using Tensor half = full(1, 0.5f);
        foreach (Parameter parameter in net.parameters())
            parameter.with_requires_grad(false).copy_(half);
        using var trace = new Trace(net, "layer");
        result = net.call(ones(1, 4));
        return trace.CallCount;
    }
}
