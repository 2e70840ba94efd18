using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Tests;

public class ModuleNamesTests
{
    private readonly TinyTransformer _model = new();

    [Fact]
    public void Names_are_depth_first_in_order_of_definition_with_a_shared_module_once_per_path() =>
        Assert.Equal(
            [
                "wte",
                "h.0", "h.0.attn", "h.0.mlp", "h.0.mlp.c_fc", "h.0.mlp.act", "h.0.mlp.c_proj",
                "h.1", "h.1.attn", "h.1.mlp", "h.1.mlp.c_fc", "h.1.mlp.act", "h.1.mlp.c_proj",
                "extras.norm", "extras.drop",
                "head",
                "shared",
            ],
            _model.ModuleNames());

    [Fact]
    public void Pattern_selects_in_the_same_order() =>
        Assert.Equal(["h.0.mlp", "h.1.mlp"], _model.ModuleNames("h.*.mlp"));

    [Fact]
    public void Type_selects_and_may_be_combined_with_a_pattern()
    {
        Assert.Equal(["h.0.mlp.act", "h.1.mlp.act"], _model.ModuleNames<ReLU>());
        Assert.Equal(["h.1.attn", "h.1.mlp.c_fc", "h.1.mlp.c_proj"], _model.ModuleNames<Linear>("h.1.**"));
    }

    [Fact]
    public void Predicate_selects_by_name_and_module() =>
        Assert.Equal(
            ["h.0.mlp.c_fc", "h.1.mlp.c_fc"],
            _model.ModuleNames((name, module) => name.StartsWith("h.", StringComparison.Ordinal) && module is Linear { out_features: 4 }));

    [Fact]
    public void Model_without_layers_has_no_names()
    {
        using ReLU relu = ReLU();
        Assert.Empty(relu.ModuleNames());
    }

    [Fact]
    public void Module_inside_itself_is_named_but_not_entered_again()
    {
        var loop = new Loop();
        loop.register_module("self", loop);

        Assert.Equal(["layer", "self"], loop.ModuleNames());
        Assert.Same(loop.layer, loop.GetModule("self.self.layer"));
    }

    [Fact]
    public void Names_come_from_structures_deeper_than_any_stack()
    {
        Module<Tensor, Tensor> model = ReLU();
        for (int i = 0; i < 6_000; i++)
            model = Sequential(("x", model));

        Assert.Equal(6_000, model.ModuleNames().Count);
    }

    private sealed class Loop : Module<Tensor, Tensor>
    {
        public readonly Linear layer = Linear(1, 1);

        public Loop()
            : base(nameof(Loop)) => RegisterComponents();

        public override Tensor forward(Tensor input) => layer.call(input);
    }
}
