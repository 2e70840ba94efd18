using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook.Tests;

public class ModuleLookupTests
{
    private readonly TinyTransformer _model = new();

    [Fact]
    public void Empty_name_is_the_model_itself() => Assert.Same(_model, _model.GetModule(""));

    [Theory]
    [InlineData("h.1.mlp.act", typeof(ReLU))]
    [InlineData("h.0", typeof(Block))]
    [InlineData("extras.norm", typeof(LayerNorm))]
    [InlineData("wte", typeof(Embedding))]
    public void Name_leads_to_the_module_that_forward_runs(string name, Type type) => Assert.IsType(type, _model.GetModule(name));

    [Fact]
    public void Shared_module_is_found_by_each_of_its_paths()
    {
        Assert.Same(_model.h[0].attn, _model.GetModule("h.0.attn"));
        Assert.Same(_model.h[0].attn, _model.GetModule("shared"));
    }

    [Fact]
    public void Every_listed_name_leads_to_its_module()
    {
        foreach ((string name, Module module) in ModuleTree.Descendants(_model))
            Assert.Same(module, _model.GetModule(name));
    }

    [Fact]
    public void Type_argument_gives_the_module_as_that_type()
    {
        Linear attention = _model.GetModule<Linear>("h.1.attn");
        Assert.Same(_model.h[1].attn, attention);
        Assert.NotNull(_model.GetModule<IModule<Tensor, Tensor>>("h.1.attn"));
    }

    [Fact]
    public void Lists_and_dictionaries_that_no_one_registered_are_searched_too()
    {
        using ModuleList<Linear> list = ModuleList(Linear(1, 1), Linear(1, 1));
        using ModuleDict<Linear> dict = ModuleDict(("a", Linear(1, 1)));

        Assert.Same(list[1], list.GetModule("1"));
        Assert.Same(dict["a"], dict.GetModule("a"));
        Assert.Same(list[0].weight, list.GetParameter("0.weight"));
    }

    [Fact]
    public void Item_put_in_after_registration_is_what_its_position_means()
    {
        var later = new Block();
        _model.h.Add(later);
        _model.h[0] = later;

        Assert.Same(later, _model.GetModule("h.2"));
        Assert.Same(later, _model.GetModule("h.0"));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(100)]
    public void Layers_appended_to_a_sequential_later_are_seen(int before)
    {
        using Sequential sequential = Sequential();
        for (int i = 0; i < before; i++)
            sequential.append($"layer{i}", Linear(1, 1));
        Assert.Same(sequential[before - 1], sequential.GetModule($"layer{before - 1}"));

        Linear later = Linear(1, 1);
        sequential.append("later", later);

        Assert.Same(later, sequential.GetModule("later"));
        Assert.Same(sequential[0], sequential.GetModule("layer0"));
    }

    [Fact]
    public void Layers_renamed_in_place_are_found_by_their_new_names_only()
    {
        using Sequential sequential = Sequential();
        for (int i = 0; i < 100; i++)
            sequential.append($"layer{i}", Linear(1, 1));
        Assert.Same(sequential[7], sequential.GetModule("layer7"));

        TorchSharpInternals.Layers(sequential).Names[7] = "renamed";

        Assert.Throws<ModuleNotFoundException>(() => sequential.GetModule("layer7"));
        Assert.Same(sequential[7], sequential.GetModule("renamed"));
    }

    [Fact]
    public void First_of_two_layers_of_one_name_is_found_and_listed()
    {
        using Sequential sequential = Sequential(("1", ReLU())).append(Linear(1, 1));

        Assert.IsType<ReLU>(sequential.GetModule("1"));
        Assert.Equal(["1"], sequential.ModuleNames());
    }

    [Fact]
    public void Names_with_dots_are_found_behind_names_without()
    {
        using Sequential sequential = Sequential(("a.b", Linear(1, 1)), ("a", Sequential(("c", ReLU()))));

        Assert.Same(sequential[0], sequential.GetModule("a.b"));
        Assert.IsType<ReLU>(sequential.GetModule("a.c"));
        Assert.Same(((Linear)sequential[0]).weight, sequential.GetParameter("a.b.weight"));
    }

    [Fact]
    public void Generic_sequentials_are_searched()
    {
        using var sequential = new TwoInputs(("left", Linear(1, 1)), ("right", Linear(1, 1)));

        Assert.Equal("right", Assert.Single(sequential.ModuleNames("r*")));
        Assert.IsType<Linear>(sequential.GetModule("right"));
    }

    [Fact]
    public void Children_that_a_type_names_itself_are_used()
    {
        using var renamed = new Renaming();

        Assert.Same(renamed.inner, renamed.GetModule("outer"));
        Assert.Equal(["outer"], renamed.ModuleNames());
    }

    [Fact]
    public void Null_arguments_are_refused()
    {
        Assert.Throws<ArgumentNullException>(() => _model.GetModule(null!));
        Assert.Throws<ArgumentNullException>(() => ((Module)null!).GetModule("a"));
        Assert.Throws<ArgumentNullException>(() => _model.GetParameter(null!));
    }

    private sealed class TwoInputs(params (string, Module)[] modules) : Sequential<Tensor, Tensor, Tensor>(modules)
    {
        public override Tensor forward(Tensor a, Tensor b) => a + b;
    }

    private sealed class Renaming : Module<Tensor, Tensor>
    {
        public readonly Linear inner = Linear(1, 1);

        public Renaming()
            : base(nameof(Renaming)) => RegisterComponents();

        public override IEnumerable<(string name, Module module)> named_children() => [("outer", inner)];

        public override Tensor forward(Tensor input) => inner.call(input);
    }
}
