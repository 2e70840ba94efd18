using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook.Tests;

/// <summary>Models that run layers by <c>forward()</c> in all the ways that code has to hold a layer.</summary>
internal static class ForwardModels
{
    /// <summary>A model of one layer, named fc.</summary>
    internal abstract class One : Module<Tensor, Tensor>
    {
        public readonly Linear fc = Linear(2, 2);

        protected One(string name)
            : base(name)
        {
        }

        public Linear Layer => fc;
    }

    internal sealed class Field : One
    {
        public Field()
            : base(nameof(Field)) => RegisterComponents();

        public override Tensor forward(Tensor x) => fc.forward(x);
    }

    internal sealed class Property : One
    {
        public Property()
            : base(nameof(Property)) => RegisterComponents();

        public override Tensor forward(Tensor x) => Layer.forward(x);
    }

    internal sealed class Local : One
    {
        public Local()
            : base(nameof(Local)) => RegisterComponents();

        public override Tensor forward(Tensor x)
        {
            Module<Tensor, Tensor>? layer = null;
            for (int i = 0; i < 2; i++)
            {
                if (layer is not null)
                    x = layer.forward(x);
                layer = fc;
            }

            return x;
        }
    }

    internal sealed class Conditional : One
    {
        private readonly Linear other = Linear(2, 2);

        public Conditional()
            : base(nameof(Conditional)) => RegisterComponents();

        public override Tensor forward(Tensor x) => (training ? fc : other).forward(x);
    }

    internal sealed class Helper : One
    {
        public Helper()
            : base(nameof(Helper)) => RegisterComponents();

        public override Tensor forward(Tensor x) => Run(x, fc);

        private static Tensor Run(Tensor x, Module<Tensor, Tensor> layer) => layer.forward(x);
    }

    internal sealed class OverriddenHelper : HelperBase
    {
        public OverriddenHelper()
            : base(nameof(OverriddenHelper)) => RegisterComponents();

        protected override Tensor Run(Tensor x) => fc.forward(x);
    }

    internal abstract class HelperBase(string name) : One(name)
    {
        public override Tensor forward(Tensor x) => Run(x);

        protected abstract Tensor Run(Tensor x);
    }

    internal sealed class Closure : One
    {
        public Closure()
            : base(nameof(Closure)) => RegisterComponents();

        public override Tensor forward(Tensor x)
        {
            Linear layer = fc;
            Func<Tensor> run = () => layer.forward(x);
            return run();
        }
    }

    internal sealed class LocalFunction : One
    {
        public LocalFunction()
            : base(nameof(LocalFunction)) => RegisterComponents();

        public override Tensor forward(Tensor x)
        {
            Linear layer = fc;
            return Run();

            Tensor Run() => layer.forward(x);
        }
    }

    internal sealed class Query : One
    {
        public Query()
            : base(nameof(Query)) => RegisterComponents();

        public override Tensor forward(Tensor x) => new[] { fc }.Select(layer => layer.forward(x)).Last();
    }

    internal sealed class Group : One
    {
        public Group()
            : base(nameof(Group)) => RegisterComponents();

        public override Tensor forward(Tensor x)
        {
            Func<Tensor, Tensor> run = fc.forward;
            return run(x);
        }
    }

    internal sealed class KeptGroup : One
    {
        private readonly Func<Tensor, Tensor> run;

        public KeptGroup()
            : base(nameof(KeptGroup))
        {
            run = fc.forward;
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => run(x);
    }

    internal sealed class Iterator : One
    {
        public Iterator()
            : base(nameof(Iterator)) => RegisterComponents();

        public override Tensor forward(Tensor x) => Steps(x).Last();

        private IEnumerable<Tensor> Steps(Tensor x)
        {
            yield return fc.forward(x);
        }
    }

    internal sealed class Async : One
    {
        public Async()
            : base(nameof(Async)) => RegisterComponents();

        public override Tensor forward(Tensor x) => Run(x).Result;

        private async Task<Tensor> Run(Tensor x)
        {
            await Task.CompletedTask;
            return fc.forward(x);
        }
    }

    internal sealed class Generic<T> : Module<Tensor, Tensor>
        where T : Module<Tensor, Tensor>
    {
        private readonly T fc;

        public Generic(T layer)
            : base("Generic")
        {
            fc = layer;
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => fc.forward(x);
    }

    internal class Base : One
    {
        public Base(string name = nameof(Base))
            : base(name) => RegisterComponents();

        public override Tensor forward(Tensor x) => fc.forward(x);
    }

    internal sealed class Derived() : Base(nameof(Derived));

    internal sealed class CallsBase() : Base(nameof(CallsBase))
    {
        public override Tensor forward(Tensor x) => base.forward(x).relu();
    }

    internal sealed class Visible : One
    {
        public Visible()
            : base(nameof(Visible)) => RegisterComponents();

        public override Tensor forward(Tensor x) => fc.call(x);
    }

    /// <summary>A layer that has an overload which call() lacks.</summary>
    internal sealed class Masked : One
    {
        public Masked()
            : base(nameof(Masked)) => RegisterComponents();

        public override Tensor forward(Tensor x) => fc.call(x);

        public Tensor forward(Tensor x, bool mask) => mask ? x : fc.call(x);
    }

    internal sealed class RunsMasked : Module<Tensor, Tensor>
    {
        private readonly Masked fc = new();

        public RunsMasked()
            : base(nameof(RunsMasked)) => RegisterComponents();

        public override Tensor forward(Tensor x) => fc.forward(x, false);
    }

    /// <summary>A module with other ways in than forward.</summary>
    internal sealed class Encoding : One
    {
        public Encoding()
            : base(nameof(Encoding)) => RegisterComponents();

        public Tensor Encode(Tensor x) => fc.forward(x);

        public override Tensor forward(Tensor x) => x;
    }

    /// <summary>Layers in everything that holds several; each part is run by forward() in another way.</summary>
    internal sealed class Lists : Module<Tensor, Tensor>
    {
        private readonly ModuleList<Linear> items = new(Linear(2, 2), Linear(2, 2));
        private readonly ModuleList<Linear> indexed = new(Linear(2, 2), Linear(2, 2));
        private readonly ModuleDict<Linear> named = ModuleDict(("a", Linear(2, 2)), ("b", Linear(2, 2)));
        private readonly ModuleDict<Linear> tried = ModuleDict(("a", Linear(2, 2)));
        private readonly Sequential steps = Sequential(("one", Linear(2, 2)), ("two", ReLU()));
        private readonly Sequential whole = Sequential(("one", Linear(2, 2)), ("two", ReLU()));
        private readonly ModuleList<Module<Tensor, Tensor>> queried = new(Linear(2, 2));
        private readonly Linear first = Linear(2, 2);
        private readonly Linear second = Linear(2, 2);
        private readonly Linear paired = Linear(2, 2);

        public Lists()
            : base(nameof(Lists)) => RegisterComponents();

        public override Tensor forward(Tensor x)
        {
            foreach (Linear item in items)
                x = item.forward(x);
            for (int i = 0; i < indexed.Count; i++)
                x = indexed[i].forward(x);
            x = named["b"].forward(named["a"].forward(x));
            if (tried.TryGetValue("a", out Linear? found))
                x = found.forward(x);
            foreach (Module step in steps.children())
                x = ((Module<Tensor, Tensor>)step).forward(x);
            x = whole.forward(x);
            x = queried.Aggregate(x, (state, layer) => layer.forward(state));
            foreach (Linear layer in new List<Linear> { first, second })
                x = layer.forward(x);
            (Linear layer, int times) pair = (paired, 1);
            return pair.layer.forward(x);
        }
    }
}
