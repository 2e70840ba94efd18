using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

public class ModuleCopiersTests
{
    [Fact]
    public void A_type_that_would_be_refused_is_copied_as_registered()
    {
        ModuleCopiers.Register<Log>((_, _) => new Log("copy"));
        using var model = new Logged<Log>(new Log("original"));

        using Logged<Log> copy = model.DeepCopy();

        Assert.Equal("copy", copy.Log.Name);
    }

    [Fact]
    public void An_interface_stands_for_the_classes_that_have_no_copier()
    {
        ModuleCopiers.Register<IShared>((original, _) => original);
        using var model = new Logged<IShared>(new Shared());

        using Logged<IShared> copy = model.DeepCopy();

        Assert.Same(model.Log, copy.Log);
    }

    [Fact]
    public void A_copier_keeps_ties_by_copying_parts_through_the_context()
    {
        ModuleCopiers.Register<Pair>((original, context) => new Pair(context.Copy(original.layer)));
        Linear layer = nn.Linear(2, 2);
        using Sequential model = nn.Sequential(("a", layer), ("b", new Pair(layer)));

        using Sequential copy = model.DeepCopy();

        Assert.Same(copy[0], ((Pair)copy[1]).layer);
        Assert.Equal("copied by hand", ((Pair)copy[1]).GetName());
    }

    [Fact]
    public void A_copier_may_ask_for_the_copy_made_without_it()
    {
        ModuleCopiers.Register<Counted>((original, context) =>
        {
            Counted copy = context.Copy(original);
            copy.Copies++;
            return copy;
        });
        using Sequential model = nn.Sequential(("a", new Counted()));

        using Sequential copy = model.DeepCopy();

        Assert.Equal((0, 1), (((Counted)model[0]).Copies, ((Counted)copy[0]).Copies));
    }

    [Fact]
    public void A_copier_that_returns_nothing_is_an_error()
    {
        ModuleCopiers.Register<Nothing>((_, _) => null!);
        using var model = new Logged<Nothing>(new Nothing());

        Messages.Same(
            "Logged<Nothing> cannot be copied exactly: Logged<Nothing>.Log is a Nothing, and the copier registered for it returned null. To have it "
            + "copied your way, or shared, register a copier: ModuleCopiers.Register<Nothing>((original, context) => ...).",
            () => model.DeepCopy());
    }

    private interface IShared;

    private sealed class Shared : IShared
    {
        ~Shared()
        {
        }
    }

    private sealed class Nothing;

    private sealed class Log(string name)
    {
        ~Log()
        {
        }

        public string Name => name;
    }

    private sealed class Logged<T>(T written) : nn.Module<Tensor, Tensor>(nameof(Logged<T>))
    {
        public T Log { get; } = written;

        public override Tensor forward(Tensor input) => input.alias();
    }

    private sealed class Pair : nn.Module<Tensor, Tensor>
    {
        public readonly Linear layer;

        public Pair(Linear layer)
            : base("copied by hand")
        {
            this.layer = layer;
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => layer.call(input);
    }

    private sealed class Counted() : nn.Module<Tensor, Tensor>(nameof(Counted))
    {
        public int Copies { get; set; }

        public override Tensor forward(Tensor input) => input.alias();
    }
}
