using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

public class ReplacementErrorTests
{
    [Fact]
    public void A_field_too_narrow_is_named_with_what_to_declare_instead()
    {
        using var model = new Narrow();
        ModuleReplacementException refused = Refused(
            model, "field", new Plus(1),
            "A Plus cannot take the place of the Linear at Narrow.field: it is declared as Linear. Declare it as Module<Tensor, Tensor>.");
        Assert.Equal(
            (typeof(Narrow), ".field", typeof(Linear), typeof(Plus)), (refused.ParentType, refused.Place, refused.DeclaredType, refused.ReplacementType));
    }

    [Fact]
    public void The_type_advised_is_the_one_that_takes_most_modules() => Refused(
        new Narrow(), "activation", nn.Tanh(),
        "A Tanh cannot take the place of the ReLU at Narrow.activation: it is declared as ReLU. Declare it as Module<Tensor, Tensor>.");

    [Fact]
    public void A_property_too_narrow_is_called_by_its_name() => Refused(
        new Narrow(), "<Property>k__BackingField", new Plus(1),
        "A Plus cannot take the place of the Linear at Narrow.Property: it is declared as Linear. Declare it as Module<Tensor, Tensor>.");

    [Fact]
    public void Nothing_changes_if_one_of_several_places_is_too_narrow() => Refused(
        new Narrow(), "wide", new Plus(1),
        "A Plus cannot take the place of the Linear at Narrow.field: it is declared as Linear. Declare it as Module<Tensor, Tensor>.");

    [Fact]
    public void A_module_of_other_arguments_calls_for_the_common_class() => Refused(
        new Narrow(), "<Property>k__BackingField", nn.Bilinear(3, 3, 3),
        "A Bilinear cannot take the place of the Linear at Narrow.Property: it is declared as Linear. Declare it as Module.");

    [Fact]
    public void A_list_too_narrow_is_named() => Refused(
        new Narrow(), "list.1", new Plus(1),
        "A Plus cannot take the place of the Linear at ModuleList<Linear>['1']: it is declared as Linear. Make it a ModuleList<Module<Tensor, Tensor>>.");

    [Fact]
    public void A_dictionary_too_narrow_is_named() => Refused(
        new Narrow(), "byName.a", new Plus(1),
        "A Plus cannot take the place of the Linear at ModuleDict<Linear>['a']: it is declared as Linear. Make it a ModuleDict<Module<Tensor, Tensor>>.");

    [Fact]
    public void A_sequential_takes_modules_of_one_tensor_only() => Refused(
        Models.Small(), "b", nn.Bilinear(3, 3, 3),
        "A Bilinear cannot take the place of the ReLU at Sequential['b']: it is declared as IModule<Tensor, Tensor>. A Sequential takes modules of one tensor to another.");

    [Fact]
    public void A_delegate_to_a_method_that_the_replacement_lacks_is_named() => Refused(
        new Narrow(), "aimed", nn.Linear(3, 3),
        "A Linear cannot take the place of the Plus at Narrow._twice: a delegate there calls Plus.Twice, which a Linear does not have.");

    [Fact]
    public void A_child_that_is_held_nowhere_is_named() => Refused(
        new Lists(), "hidden", nn.Linear(3, 3),
        "A Linear cannot take the place of the Plus at Lists['hidden']: Lists lists it as its child, and does not hold it in a field, list or dictionary that could be changed.");

    [Fact]
    public void A_name_that_leads_nowhere_is_explained()
    {
        using Sequential model = Models.Small();
        Messages.Same(
            "Sequential has no module 'd': the model (Sequential) has no child 'd'; it has a, b, c. Did you mean 'a', 'b' or 'c'?",
            () => model.ReplaceModule("d", new Plus(1)));
        Messages.Same(
            "The model itself has no place in which it could be replaced: name one of its layers.",
            () => model.ReplaceModule("", new Plus(1)));
    }

    [Fact]
    public void A_disposed_replacement_is_refused()
    {
        using Sequential model = Models.Small();
        Sequential disposed = nn.Sequential();
        disposed.Dispose();
        Messages.Same("The Sequential to take the place of 'a' is disposed.", () => model.ReplaceModule("a", disposed));
    }

    [Fact]
    public void A_module_cannot_come_to_contain_itself()
    {
        using Sequential model = nn.Sequential(("a", Models.Small()));
        Messages.Same(
            "The Sequential to take the place of 'a.b' contains the Sequential of which that is a part.",
            () => model.ReplaceModule("a.b", model));
        Messages.Same(
            "The Sequential to take the place of 'a.b' contains the Sequential of which that is a part.",
            () => model.ReplaceModule("a.b", (nn.Module)model[0]));
    }

    private static ModuleReplacementException Refused(nn.Module model, string name, nn.Module replacement, string message)
    {
        List<string> before = ExactCopy.Describe(model);
        nn.Module layer = model.GetModule(name);
        ModuleReplacementException refused = Assert.Throws<ModuleReplacementException>(() => model.ReplaceModule(name, replacement));
        Assert.Equal(message, refused.Message);
        Assert.Equal(before, ExactCopy.Describe(model));
        Assert.Same(layer, model.GetModule(name));
        return refused;
    }

    /// <summary>Makes up its children.</summary>
    private sealed class Lists() : nn.Module<Tensor, Tensor>(nameof(Lists))
    {
        private readonly Lazy<Plus> _hidden = new(() => new Plus(1));

        public override IEnumerable<(string name, nn.Module module)> named_children() => [("hidden", _hidden.Value)];

        public override Tensor forward(Tensor input) => _hidden.Value.call(input);
    }
}
