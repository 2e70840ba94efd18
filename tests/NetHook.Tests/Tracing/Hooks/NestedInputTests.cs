using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>
/// A layer that is called again inside its own forward, where the inner call throws and is caught, and whose input another hook replaces:
/// each call is recorded with its own input.
/// </summary>
public class NestedInputTests
{
    private static readonly TraceOptions Inputs = new() { RetainInput = true, History = CallHistory.All };

    public static TheoryData<int, bool> Cases => new(
        from arguments in new[] { 1, 2, 3, 4, 5, 6 }
        from byTrace in new[] { false, true }
        select (arguments, byTrace));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Each_call_is_recorded_with_its_own_input(int arguments, bool byTrace)
    {
        nn.Module layer = Nest.Of(arguments);
        using var trace = new Trace(layer, null, Inputs);
        using IDisposable? edit = byTrace ? new Trace(layer, null, new() { RetainOutput = false, EditInput = Nest.Replace(arguments) }) : null;
        if (!byTrace)
            Nest.AddPreHook(layer);
        for (int pass = 0; pass < 2; pass++)
        {
            Nest.Call(layer, 3);
            Assert.Equal([1.0, 2.0, 3.0], trace.Calls.Select(call => Nest.First(call, arguments)));
            trace.Run(() => Nest.Call(layer, 3));
            Assert.Equal([1.0, 2.0, 3.0], trace.Calls.Select(call => Nest.First(call, arguments)));
            trace.Clear();
        }
    }

    [Fact]
    public void Trace_made_inside_a_call_whose_inner_call_threw_says_that_it_missed_the_input()
    {
        Trace? trace = null;
        nn.Module<Tensor, Tensor>? layer = null;
        layer = Models.Layer(x =>
        {
            if (x.ToDouble() < 0)
                throw new InvalidOperationException();
            trace = new Trace(layer!, null, Inputs);
            Assert.Throws<InvalidOperationException>(() => layer!.call(-x));
            return x;
        });
        layer.call(ones(1));
        Messages.Same("The input of layer '' (the model itself, FunctionLayer) was not seen: the trace was made while the layer ran.", () => trace!.Input);
        trace!.Dispose();
    }

    /// <summary>Layers that take n as their first argument, call themselves with n - 1 and then, in vain, with -n.</summary>
    private static class Nest
    {
        public static nn.Module Of(int arguments) => arguments switch
        {
            1 => new N1(),
            2 => new N2(),
            3 => new N3(),
            4 => new N4(),
            5 => new N5(),
            _ => new N6(),
        };

        public static void Call(nn.Module layer, double n)
        {
            Tensor x = tensor(n);
            Tensor rest = ones(1);
            _ = layer switch
            {
                N1 a => a.call(x),
                N2 a => a.call(x, rest),
                N3 a => a.call(x, rest, rest),
                N4 a => a.call(x, rest, rest, rest),
                N5 a => a.call(x, rest, rest, rest, rest),
                _ => ((N6)layer).call(x, rest, rest, rest, rest, rest),
            };
        }

        public static double First(TracedCall call, int arguments) => arguments == 1
            ? call.Input.ToDouble()
            : ((Tensor)((System.Runtime.CompilerServices.ITuple)call.InputAs<object>())[0]!).ToDouble();

        public static Delegate Replace(int arguments) => arguments switch
        {
            1 => (Tensor x) => x.clone(),
            2 => ((Tensor x, Tensor) i) => (i.x.clone(), i.Item2),
            3 => ((Tensor x, Tensor, Tensor) i) => (i.x.clone(), i.Item2, i.Item3),
            4 => ((Tensor x, Tensor, Tensor, Tensor) i) => (i.x.clone(), i.Item2, i.Item3, i.Item4),
            5 => ((Tensor x, Tensor, Tensor, Tensor, Tensor) i) => (i.x.clone(), i.Item2, i.Item3, i.Item4, i.Item5),
            _ => ((Tensor x, Tensor, Tensor, Tensor, Tensor, Tensor) i) => (i.x.clone(), i.Item2, i.Item3, i.Item4, i.Item5, i.Item6),
        };

        public static void AddPreHook(nn.Module layer)
        {
            if (layer is N1 n1)
                n1.register_forward_pre_hook((_, x) => x.clone());
            if (layer is N2 n2)
                n2.register_forward_pre_hook((_, x, a) => (x.clone(), a));
            if (layer is N3 n3)
                n3.register_forward_pre_hook((_, x, a, b) => (x.clone(), a, b));
            if (layer is N4 n4)
                n4.register_forward_pre_hook((_, x, a, b, c) => (x.clone(), a, b, c));
            if (layer is N5 n5)
                n5.register_forward_pre_hook((_, x, a, b, c, d) => (x.clone(), a, b, c, d));
            if (layer is N6 n6)
                n6.register_forward_pre_hook((_, x, a, b, c, d, e) => (x.clone(), a, b, c, d, e));
        }

        private static Tensor Inside(nn.Module layer, Tensor x)
        {
            double n = x.ToDouble();
            if (n < 0)
                throw new InvalidOperationException();
            if (n > 1)
                Call(layer, n - 1);
            Assert.Throws<InvalidOperationException>(() => Call(layer, -n));
            return x.alias();
        }

        private sealed class N1() : nn.Module<Tensor, Tensor>("N1")
        {
            public override Tensor forward(Tensor x) => Inside(this, x);
        }

        private sealed class N2() : nn.Module<Tensor, Tensor, Tensor>("N2")
        {
            public override Tensor forward(Tensor x, Tensor a) => Inside(this, x);
        }

        private sealed class N3() : nn.Module<Tensor, Tensor, Tensor, Tensor>("N3")
        {
            public override Tensor forward(Tensor x, Tensor a, Tensor b) => Inside(this, x);
        }

        private sealed class N4() : nn.Module<Tensor, Tensor, Tensor, Tensor, Tensor>("N4")
        {
            public override Tensor forward(Tensor x, Tensor a, Tensor b, Tensor c) => Inside(this, x);
        }

        private sealed class N5() : nn.Module<Tensor, Tensor, Tensor, Tensor, Tensor, Tensor>("N5")
        {
            public override Tensor forward(Tensor x, Tensor a, Tensor b, Tensor c, Tensor d) => Inside(this, x);
        }

        private sealed class N6() : nn.Module<Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor>("N6")
        {
            public override Tensor forward(Tensor x, Tensor a, Tensor b, Tensor c, Tensor d, Tensor e) => Inside(this, x);
        }
    }
}
