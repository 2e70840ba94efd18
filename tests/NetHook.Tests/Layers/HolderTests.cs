using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook.Tests;

/// <summary>Modules that hold modules and are never called: they are listed only when they are asked for.</summary>
public class HolderTests
{
    private readonly TinyTransformer _model = new();

    [Theory]
    [InlineData("**")]
    [InlineData("h.**")]
    [InlineData("*")]
    public void What_is_listed_by_default_can_be_traced(string pattern)
    {
        using (new TraceDict(_model, _model.ModuleNames(pattern)))
        using (new TraceDict(_model, _model.ModuleNames<Module>(pattern)))
        using (new TraceDict(_model, _model.ModuleNames<IDisposable>(pattern)))
        using (new TraceDict(_model, _model.ModuleNames((_, _) => true)))
            Assert.NotEmpty(_model.ActiveTraces());
    }

    [Fact]
    public void Holders_of_every_kind_are_left_out()
    {
        using var model = new Holders();
        Assert.Equal(["list.0", "dict.a", "own", "own.inner"], model.ModuleNames(includeHolders: true).Where(name => name is not ("list" or "dict" or "weights" or "named")));
        Assert.Equal(["list.0", "dict.a", "own.inner"], model.ModuleNames());
        using var traces = new TraceDict(model, model.ModuleNames());
    }

    [Fact]
    public void Holders_are_listed_in_their_place_when_asked_for()
    {
        Assert.Equal(["wte", "h", "extras", "head", "shared"], _model.ModuleNames("*", includeHolders: true));
        Assert.Equal(["h", "extras"], _model.ModuleNames((_, module) => module is ModuleList<Block> or ModuleDict<Module>, includeHolders: true));
        Assert.Equal(["h"], _model.ModuleNames<ModuleList<Block>>());
        Assert.Equal(["h"], _model.ModuleNames<ModuleList<Block>>("h"));
    }

    [Fact]
    public void Pattern_that_matches_holders_alone_says_so()
    {
        Assert.Equal(
            "'h' matches only h, which holds modules and is never called. Ask for what is inside, 'h.*', or list holders too by includeHolders: true.",
            Assert.Throws<NoModuleMatchesException>(() => _model.ModuleNames("h")).Message);
        Assert.Equal(
            "'{h,extras}' matches only h, extras, which hold modules and are never called. "
            + "Ask for what is inside, '{h,extras}.*', or list holders too by includeHolders: true.",
            Assert.Throws<NoModuleMatchesException>(() => _model.ModuleNames("{h,extras}")).Message);
    }

    private sealed class Holders : Module<Tensor, Tensor>
    {
        public readonly ModuleList<Linear> list = ModuleList(Linear(1, 1));
        public readonly ModuleDict<Linear> dict = ModuleDict(("a", Linear(1, 1)));
        public readonly ParameterList weights = ParameterList(Parameter(zeros(1)));
        public readonly ParameterDict named = ParameterDict(("p", Parameter(zeros(1))));
        public readonly Holder own = new();

        public Holders()
            : base(nameof(Holders)) => RegisterComponents();

        public override Tensor forward(Tensor input) => input;
    }

    private sealed class Holder : Module
    {
        public readonly Linear inner = Linear(1, 1);

        public Holder()
            : base(nameof(Holder)) => RegisterComponents();
    }
}
