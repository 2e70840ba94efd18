using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.InteropServices;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook.Tests;

/// <summary>Code that holds layers in less usual ways, or is no usual code at all: layers are found in it, and none of it breaks the error.</summary>
public class OddCodeTests
{
    [Theory]
    [InlineData("picked")]
    [InlineData("extended")]
    [InlineData("given")]
    [InlineData("viaInterface")]
    [InlineData("chained.1")]
    [InlineData("nested.0.1")]
    [InlineData("pairs.a")]
    [InlineData("first.0")]
    [InlineData("indexed.0")]
    [InlineData("array")]
    [InlineData("list")]
    [InlineData("swapped")]
    [InlineData("guarded")]
    [InlineData("filtered")]
    [InlineData("switched")]
    [InlineData("behind")]
    public void Layer_is_found(string layer)
    {
        using var net = new Odd();
        using var trace = new Trace(net, layer);
        LayerNotRunException error = Assert.Throws<LayerNotRunException>(() => trace.Output);

        Assert.NotNull(error.ForwardCall);
    }

    [Fact]
    public void Layer_in_a_helper_that_nobody_calls_is_not_reached()
    {
        using var net = new Odd();
        TracingReport report = net.VerifyTracing(() => net.call(ones(1, 2)));

        Assert.Equal(["unused"], report.Layers.Where(layer => layer.Visibility == LayerVisibility.NotReached).Select(layer => layer.Path));
    }

    [Fact]
    public void Model_made_of_code_that_was_emitted_is_reported()
    {
        var assembly = AssemblyBuilder.DefineDynamicAssembly(new("Emitted"), AssemblyBuilderAccess.Run);
        TypeBuilder type = assembly.DefineDynamicModule("Emitted").DefineType("Net", TypeAttributes.Public, typeof(Emitted));
        ILGenerator constructor = type.DefineConstructor(MethodAttributes.Public, CallingConventions.Standard, []).GetILGenerator();
        constructor.Emit(OpCodes.Ldarg_0);
        constructor.Emit(OpCodes.Call, typeof(Emitted).GetConstructor(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public, [])!);
        constructor.Emit(OpCodes.Ret);
        MethodInfo forward = typeof(Emitted).GetMethod("forward")!;
        ILGenerator code = type.DefineMethod("forward", MethodAttributes.Public | MethodAttributes.Virtual | MethodAttributes.HideBySig, typeof(Tensor), [typeof(Tensor)]).GetILGenerator();
        code.Emit(OpCodes.Ldarg_0);
        code.Emit(OpCodes.Ldfld, typeof(Emitted).GetField(nameof(Emitted.fc))!);
        code.Emit(OpCodes.Ldarg_1);
        code.Emit(OpCodes.Callvirt, typeof(Module<Tensor, Tensor>).GetMethod("forward")!);
        code.Emit(OpCodes.Ret);
        using var net = (Module<Tensor, Tensor>)Activator.CreateInstance(type.CreateType())!;
        Assert.NotNull(forward);

        TracingReport report = net.VerifyTracing(() => net.call(ones(1, 2)));
        Assert.NotEqual(LayerVisibility.Seen, report.Layers[1].Visibility);
    }

    [Fact]
    public void Pass_that_has_no_code_to_read_is_run_all_the_same()
    {
        using Linear net = Linear(2, 2);
        var method = new DynamicMethod("run", typeof(void), [typeof(Linear)], typeof(OddCodeTests).Module);
        ILGenerator code = method.GetILGenerator();
        code.Emit(OpCodes.Ret);

        TracingReport report = net.VerifyTracing((Action)method.CreateDelegate(typeof(Action), net));
        Assert.Equal("1 layer: 0 seen, 0 run by forward(), 0 inside native code, 0 holding others, 1 not reached", report.Summary);
    }

    [Fact]
    public void Methods_of_many_calls_end_in_time()
    {
        using var net = new Deep();
        using var trace = new Trace(net, "fc");

        Assert.Throws<LayerNotRunException>(() => trace.Output);
    }

    public abstract class Emitted : Module<Tensor, Tensor>
    {
        public readonly Linear fc = Linear(2, 2);

        protected Emitted()
            : base(nameof(Emitted)) => RegisterComponents();

        public override Tensor forward(Tensor input) => input;
    }

    private interface IRuns
    {
        Tensor Run(Module<Tensor, Tensor> layer, Tensor x);
    }

    private sealed class Runs : IRuns
    {
        Tensor IRuns.Run(Module<Tensor, Tensor> layer, Tensor x) => layer.forward(x);
    }

    /// <summary>Methods that call themselves and each other.</summary>
    private sealed class Deep : Module<Tensor, Tensor>
    {
        private readonly Linear fc = Linear(2, 2);

        public Deep()
            : base(nameof(Deep)) => RegisterComponents();

        public override Tensor forward(Tensor x) => A(fc, x, 3);

        private Tensor A(Module<Tensor, Tensor> layer, Tensor x, int depth) => depth == 0 ? layer.call(x) : A(layer, B(layer, x, depth - 1), depth - 1);

        private Tensor B(Module<Tensor, Tensor> layer, Tensor x, int depth) => depth == 0 ? layer.call(x) : B(layer, A(layer, x, depth - 1), depth - 1);
    }

    private sealed class Odd : Module<Tensor, Tensor>
    {
        private readonly Linear picked = Linear(2, 2);
        private readonly Linear extended = Linear(2, 2);
        private readonly Linear given = Linear(2, 2);
        private readonly Linear viaInterface = Linear(2, 2);
        private readonly Sequential chained = Sequential(("0", ReLU()), ("1", Linear(2, 2)));
        private readonly ModuleList<ModuleList<Linear>> nested = new(new ModuleList<Linear>(Linear(2, 2), Linear(2, 2)));
        private readonly ModuleDict<Linear> pairs = ModuleDict(("a", Linear(2, 2)));
        private readonly ModuleList<Linear> first = new(Linear(2, 2));
        private readonly Sequential indexed = Sequential(Linear(2, 2), ReLU());
        private readonly Linear array = Linear(2, 2);
        private readonly Linear list = Linear(2, 2);
        private readonly Linear swapped = Linear(2, 2);
        private readonly Linear guarded = Linear(2, 2);
        private readonly Linear filtered = Linear(2, 2);
        private readonly Linear switched = Linear(2, 2);
        private readonly Linear behind = Linear(2, 2);
        private readonly Linear unused = Linear(2, 2);
        private readonly IRuns runs = new Runs();
        private readonly Dictionary<string, List<Module<Tensor, Tensor>>> table;

        public Odd()
            : base(nameof(Odd))
        {
            table = new() { ["behind"] = [behind] };
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            x = Pick(1).forward(x);
            x = x.Through(extended);
            x = Apply(given.forward, x);
            x = runs.Run(viaInterface, x);
            foreach ((string name, Module layer) in chained.named_children())
                x = name.Length == 0 ? x : ((Module<Tensor, Tensor>)layer).forward(x);
            x = nested.SelectMany(row => row).Aggregate(x, (state, layer) => layer.forward(state));
            foreach ((string key, Linear layer) in pairs)
                x = key.Length == 0 ? x : layer.forward(x);
            x = first.First().forward(x);
            x = indexed[0] is Module<Tensor, Tensor> step ? step.forward(x) : x;
            Module<Tensor, Tensor>[] all = [array];
            for (int i = 0; i < all.Length; i++)
                x = all[i].forward(x);
            List<Module<Tensor, Tensor>> several = [list];
            foreach (Module<Tensor, Tensor> layer in CollectionsMarshal.AsSpan(several))
                x = layer.forward(x);
            Module<Tensor, Tensor> one = picked;
            Swap(ref one, swapped);
            x = one.forward(x);
            x = Try(x);
            return Behind(x);
        }

        private Tensor Try(Tensor x)
        {
            Span<int> numbers = stackalloc int[2];
            try
            {
                x = numbers[0] == 0 ? guarded.forward(x) : x;
            }
            catch (InvalidOperationException e) when (e.Message.Length > 3)
            {
                x = filtered.forward(x);
            }
            finally
            {
                numbers[1]++;
            }

            return (x.shape.Length switch { 1 => guarded, 2 => switched, 3 => picked, 4 => given, _ => extended }).forward(x);
        }

        private Tensor Behind(Tensor x) => table["behind"][0].forward(x);

        private Linear Pick(int index) => index == 0 ? array : picked;

        private static void Swap(ref Module<Tensor, Tensor> place, Module<Tensor, Tensor> other) => place = other;

        private static Tensor Apply(Func<Tensor, Tensor> run, Tensor x) => run(x);

        private Tensor Never(Tensor x) => unused.call(x);

        public Tensor Ever(Tensor x) => Never(x);
    }
}

internal static class ThroughLayers
{
    public static Tensor Through(this Tensor x, Module<Tensor, Tensor> layer) => layer.forward(x);
}
