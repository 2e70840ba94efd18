using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook.Tests;

public class LookupErrorTests
{
    private readonly TinyTransformer _model = new(blocks: 12);

    [Fact]
    public void Missing_module_says_how_far_the_name_leads_and_what_is_there()
    {
        ModuleNotFoundException error = Assert.Throws<ModuleNotFoundException>(() => _model.GetModule("h.30.mlp"));

        Assert.Equal(
            "TinyTransformer has no module 'h.30.mlp': 'h' (ModuleList<Block>) has no child '30'; "
            + "it has 0, 1, 2, 3, 4, 5, 6, 7 ... and 4 more. Did you mean 'h.0.mlp', 'h.3.mlp' or 'h.10.mlp'?",
            error.Message);
        Assert.Equal("h.30.mlp", error.Name);
        Assert.Equal("h", error.DeepestFound);
        Assert.Equal(typeof(ModuleList<Block>), error.DeepestFoundType);
        Assert.Equal(12, error.Children.Count);
        Assert.Equal(["h.0.mlp", "h.3.mlp", "h.10.mlp"], error.Nearest);
    }

    [Fact]
    public void Misspelt_middle_of_a_name_still_finds_what_was_meant() =>
        Assert.Equal(
            "TinyTransformer has no module 'h.5.mpl.c_fc': 'h.5' (Block) has no child 'mpl'; it has attn, mlp. "
            + "Did you mean 'h.5.mlp.c_fc', 'h.0.mlp.c_fc' or 'h.1.mlp.c_fc'?",
            Assert.Throws<ModuleNotFoundException>(() => _model.GetModule("h.5.mpl.c_fc")).Message);

    [Fact]
    public void Name_given_from_another_starting_point_is_recognised() =>
        Assert.Equal(
            "TinyTransformer has no module 'model.h.3.attn': the model (TinyTransformer) has no child 'model'; "
            + "it has wte, h, extras, head, shared. Did you mean 'h.3.attn'?",
            Assert.Throws<ModuleNotFoundException>(() => _model.GetModule("model.h.3.attn")).Message);

    [Fact]
    public void Name_below_a_layer_without_children_says_so() =>
        Assert.Equal(
            "TinyTransformer has no module 'wte.embedding_table': 'wte' (Embedding) has no child 'embedding_table', and no others.",
            Assert.Throws<ModuleNotFoundException>(() => _model.GetModule("wte.embedding_table")).Message);

    [Fact]
    public void Wrong_type_names_both_types() =>
        Assert.Equal(
            "In TinyTransformer, 'h.0' is a Block, not a Linear.",
            Assert.Throws<InvalidCastException>(() => _model.GetModule<Linear>("h.0")).Message);

    [Fact]
    public void Missing_parameter_says_how_far_the_name_leads_and_what_is_there()
    {
        ParameterNotFoundException error = Assert.Throws<ParameterNotFoundException>(() => _model.GetParameter("h.1.attn.wieght"));

        Assert.Equal(
            "TinyTransformer has no parameter 'h.1.attn.wieght': 'h.1.attn' (Linear) has no parameter or child 'wieght'; "
            + "it has weight, bias. Did you mean 'h.1.attn.weight', 'h.0.attn.weight' or 'h.2.attn.weight'?",
            error.Message);
        Assert.Equal("h.1.attn.wieght", error.Name);
        Assert.Equal("h.1.attn", error.DeepestFound);
        Assert.Equal(typeof(Linear), error.DeepestFoundType);
        Assert.Equal(["weight", "bias"], error.Children);
        Assert.Equal("h.1.attn.weight", error.Nearest[0]);
    }

    [Fact]
    public void Module_asked_for_as_parameter_is_called_one() =>
        Assert.Equal(
            "TinyTransformer has no parameter 'head': 'head' (Linear) is a module; its parameters and children are weight.",
            Assert.Throws<ParameterNotFoundException>(() => _model.GetParameter("head")).Message);

    [Fact]
    public void Buffer_asked_for_as_parameter_is_called_one()
    {
        using Sequential norm = Sequential(("norm", BatchNorm1d(2)));

        Assert.Equal(
            "Sequential has no parameter 'norm.running_mean': 'norm' (BatchNorm1d) has no parameter or child 'running_mean'; "
            + "it has weight, bias. 'running_mean' is a buffer: get_buffer reads it.",
            Assert.Throws<ParameterNotFoundException>(() => norm.GetParameter("norm.running_mean")).Message);
    }

    [Fact]
    public void Model_that_registered_nothing_is_told_what_it_forgot()
    {
        using var model = new Forgetful(register: false);

        Assert.Equal(
            "Forgetful has no module 'conv': the model (Forgetful) has no child 'conv', and no others. "
            + "Its field 'conv' holds a module that is not registered: call RegisterComponents() at the end of the constructor.",
            Assert.Throws<ModuleNotFoundException>(() => model.GetModule("conv")).Message);
    }

    [Fact]
    public void What_was_forgotten_is_named_only_where_it_can_be_the_reason()
    {
        using var nothingRegistered = new Forgetful(register: false);
        using var registered = new Forgetful(register: true);

        Assert.Contains("RegisterComponents()", Assert.Throws<ModuleNotFoundException>(() => nothingRegistered.GetModule("other")).Message, StringComparison.Ordinal);
        Assert.Equal(
            "Forgetful has no module 'other': the model (Forgetful) has no child 'other'; it has conv.",
            Assert.Throws<ModuleNotFoundException>(() => registered.GetModule("other")).Message);
    }

    [Fact]
    public void Modules_kept_in_a_plain_list_are_pointed_out()
    {
        using var model = new Forgetful(register: true);

        Assert.Equal(
            "Forgetful has no module 'Blocks.0': the model (Forgetful) has no child 'Blocks'; it has conv. "
            + "Its field 'Blocks' is a List<Linear>, whose modules TorchSharp does not register: use ModuleList or ModuleDict.",
            Assert.Throws<ModuleNotFoundException>(() => model.GetModule("Blocks.0")).Message);
    }

    [Fact]
    public void Pattern_without_a_match_shows_what_is_near()
    {
        NoModuleMatchesException error = Assert.Throws<NoModuleMatchesException>(() => _model.ModuleNames("h.*.mpl"));

        Assert.Equal(
            "No layer of TinyTransformer matches 'h.*.mpl'. Its children are wte, h, extras, head, shared. "
            + "Did you mean 'h.0.mlp', 'h.1.mlp' or 'h.2.mlp'?",
            error.Message);
        Assert.Equal("h.*.mpl", error.Pattern);
        Assert.Equal(["h.0.mlp", "h.1.mlp", "h.2.mlp"], error.Nearest);
    }

    [Fact]
    public void Type_or_predicate_without_a_match_gives_an_empty_list()
    {
        Assert.Empty(_model.ModuleNames<Conv2d>());
        Assert.Empty(_model.ModuleNames<Conv2d>("h.**"));
        Assert.Empty(_model.ModuleNames((_, _) => false));
        Assert.Equal(_model.ModuleNames<ReLU>(), [.. _model.ModuleNames<Conv2d>(), .. _model.ModuleNames<ReLU>()]);
    }

    [Fact]
    public void Type_with_a_pattern_that_no_layer_matches_is_an_error() => Assert.Equal(
        "No layer of TinyTransformer matches 'hh.*'. Its children are wte, h, extras, head, shared.",
        Assert.Throws<NoModuleMatchesException>(() => _model.ModuleNames<ReLU>("hh.*")).Message);

    private sealed class Forgetful : Module<Tensor, Tensor>
    {
        public readonly Conv2d conv = Conv2d(1, 1, 1);

        public Forgetful(bool register)
            : base(nameof(Forgetful))
        {
            if (register)
                RegisterComponents();
        }

        public List<Linear> Blocks { get; } = [Linear(1, 1)];

        public override Tensor forward(Tensor input) => conv.call(input);
    }
}
