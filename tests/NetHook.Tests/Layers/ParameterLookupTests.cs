using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Tests;

public class ParameterLookupTests
{
    private readonly TinyTransformer _model = new();

    [Fact]
    public void Tied_weight_is_found_by_each_of_its_paths()
    {
        using (no_grad())
            _model.GetParameter("wte.weight").fill_(7);

        Assert.True(_model.GetParameter("head.weight").eq(7).all().item<bool>());
    }

    [Fact]
    public void Every_listed_name_leads_to_a_parameter_with_the_values_in_the_state_dict()
    {
        Dictionary<string, Tensor> state = _model.state_dict();
        foreach (string name in _model.ParameterNames())
            Assert.True(_model.GetParameter(name).allclose(state[name]), name);
    }

    [Fact]
    public void Names_are_in_order_of_definition_and_a_tied_weight_has_one_for_each_path() =>
        Assert.Equal(
            [
                "wte.weight",
                "h.0.attn.weight", "h.0.attn.bias", "h.0.mlp.c_fc.weight", "h.0.mlp.c_fc.bias", "h.0.mlp.c_proj.weight", "h.0.mlp.c_proj.bias",
                "h.1.attn.weight", "h.1.attn.bias", "h.1.mlp.c_fc.weight", "h.1.mlp.c_fc.bias", "h.1.mlp.c_proj.weight", "h.1.mlp.c_proj.bias",
                "extras.norm.weight", "extras.norm.bias",
                "head.weight",
                "shared.weight", "shared.bias",
            ],
            _model.ParameterNames());

    [Fact]
    public void Native_modules_give_the_parameters_inside_them()
    {
        using TransformerEncoderLayer layer = TransformerEncoderLayer(4, 2, 8);

        Assert.Equal([4L, 4L], layer.GetParameter("self_attn.out_proj.weight").shape);
        Assert.Contains("self_attn.out_proj.weight", layer.ParameterNames());
    }

    [Fact]
    public void Parameter_that_parent_and_child_both_own_is_listed_once()
    {
        using Sequential model = Sequential(("layer", Linear(2, 2, hasBias: false)));
        model.register_parameter("layer.weight", model.GetParameter("layer.weight"));

        Assert.Equal(["layer.weight"], model.ParameterNames());
    }

    [Fact]
    public void Parameter_lists_and_dictionaries_need_no_registration()
    {
        using var list = new TorchSharp.Modules.ParameterList(new TorchSharp.Modules.Parameter(zeros(1)));
        using var dict = new TorchSharp.Modules.ParameterDict();
        dict.Add("scale", new TorchSharp.Modules.Parameter(ones(1)));

        Assert.Same(list[0], list.GetParameter("0"));
        Assert.Same(dict["scale"], dict.GetParameter("scale"));
        Assert.Equal(["0"], list.ParameterNames());
        Assert.Equal(["scale"], dict.ParameterNames());
    }

    [Fact]
    public void Model_without_parameters_has_no_names()
    {
        using ReLU relu = ReLU();
        Assert.Empty(relu.ParameterNames());
    }
}
