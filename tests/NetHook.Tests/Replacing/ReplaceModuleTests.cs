using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

public class ReplaceModuleTests
{
    [Fact]
    public void Whatever_refers_to_a_layer_in_its_parent_refers_to_its_replacement()
    {
        using var before = new Plus(1);
        using var model = new RefersInEveryWay(before);
        using var after = new Plus(100);
        using Tensor input = zeros(1);
        Assert.Equal(15, model.call(input).item<float>());

        Assert.Same(before, model.ReplaceModule("layer", after));

        Assert.Equal(1500, model.call(input).item<float>());
        Assert.Same(after, model.Property);
        Assert.Equal(["layer", "<Property>k__BackingField"], TorchSharpInternals.Submodules(model).Keys);
        Assert.All(model.children(), child => Assert.Same(after, child));
        before.call(input).Dispose();
    }

    [Fact]
    public void All_of_it_is_put_back()
    {
        using var before = new Plus(1);
        using var model = new RefersInEveryWay(before);
        using Tensor input = zeros(1);
        using var after = new Plus(100);

        using (ModuleReplacement replacing = model.Replacing("layer", after))
        {
            Assert.Equal(("layer", before, after), (replacing.Name, replacing.Replaced, replacing.Replacement));
            Assert.Equal(1500, model.call(input).item<float>());
        }

        Assert.Equal(15, model.call(input).item<float>());
        after.call(input).Dispose();
    }

    [Fact]
    public void A_layer_is_put_back_whatever_threw()
    {
        using var model = new ScopedNet();
        nn.Module before = model.GetModule("body.relu");
        using var after = new Plus(100);

        Assert.Throws<InvalidOperationException>(() =>
        {
            using (model.Replacing("body.relu", after))
            {
                model.Fail = true;
                model.call(randn(1, 3));
            }
        });

        Assert.Same(before, model.GetModule("body.relu"));
    }

    [Fact]
    public void A_layer_is_put_back_though_it_was_replaced_again_meanwhile()
    {
        using Sequential model = Models.Small();
        nn.Module before = model.GetModule("a");
        using (model.Replacing("a", new Plus(1)))
            model.ReplaceModule("a", new Plus(2)).Dispose();

        Assert.Same(before, model.GetModule("a"));
    }

    [Fact]
    public void Replacements_of_one_layer_are_undone_one_after_the_other()
    {
        using Sequential model = Models.Small();
        nn.Module before = model.GetModule("a");
        using Plus one = new(1), other = new(2);
        using (model.Replacing("a", one))
        {
            ModuleReplacement inner = model.Replacing("a", other);
            Assert.Same(one, inner.Replaced);
            inner.Dispose();
            Assert.Same(one, model.GetModule("a"));
            inner.Dispose();
        }

        Assert.Same(before, model.GetModule("a"));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("mid.c")]
    [InlineData("list.1")]
    [InlineData("dict.k")]
    [InlineData("list.0.attn")]
    [InlineData("list.0.mlp.c_fc")]
    public void Layers_are_replaced_at_any_depth_and_in_every_container(string name)
    {
        using var model = new Nest();
        using Linear replacement = nn.Linear(2, 2);
        IReadOnlyList<string> names = model.ModuleNames();
        var keys = model.state_dict().Keys.ToList();

        nn.Module old = model.ReplaceModule(name, replacement);

        Assert.Same(replacement, model.GetModule(name));
        Assert.Same(replacement, model.named_modules().Single(found => found.name == name).module);
        Assert.Equal(names.Where(other => !other.StartsWith(name + ".", StringComparison.Ordinal)), model.ModuleNames());
        Assert.Equal(keys.Where(key => !key.StartsWith(name + ".", StringComparison.Ordinal)), model.state_dict().Keys.Where(key => !key.StartsWith(name + ".", StringComparison.Ordinal)));
        Assert.Same(replacement.weight, model.GetParameter(name + ".weight"));
        Assert.Same(replacement.weight, model.state_dict()[name + ".weight"]);
        Assert.Contains(replacement.weight, model.parameters());
        model.eval();
        Assert.False(replacement.training);
        // TorchSharp 0.107 fails to move a ModuleDict.
        model.ReplaceModule("dict", nn.Sequential());
        if (!name.StartsWith("dict", StringComparison.Ordinal))
            Assert.Equal(float64, model.to(float64).GetModule<Linear>(name).weight.dtype);
        Assert.False(TorchSharpInternals.NativeHandle(old).IsInvalid);
        old.Dispose();
    }

    [Fact]
    public void The_model_runs_the_replacement_and_its_hooks()
    {
        using var model = new Nest();
        foreach (string name in (string[])["a", "mid.c", "list.0.attn", "dict.k"])
        {
            int calls = 0;
            Linear replacement = nn.Linear(2, 2);
            model.ReplaceModule(name, replacement).Dispose();
            replacement.register_forward_hook((_, _, _) =>
            {
                calls++;
                return null!;
            });
            using var trace = new Trace(model, name);
            model.call(randn(1, 2)).Dispose();
            Assert.Equal(1, calls);
            Assert.Equal([1, 2], trace.Output.shape);
        }
    }

    [Fact]
    public void Only_the_item_named_is_replaced_in_a_container()
    {
        var shared = new Plus(1);
        using Sequential model = nn.Sequential(("a", shared), ("b", nn.Identity()), ("c", shared));

        model.ReplaceModule("c", new Plus(10));

        Assert.Same(shared, model[0]);
        Assert.Equal(11, model.call(zeros(1)).item<float>());
    }

    [Fact]
    public void Another_path_to_the_same_module_still_leads_to_the_old_one()
    {
        using var model = new TinyTransformer();
        nn.Module old = model.ReplaceModule("shared", nn.Linear(2, 2));
        Assert.Same(old, model.GetModule("h.0.attn"));
    }

    [Fact]
    public void An_adapter_may_contain_what_it_replaces_and_be_taken_out_again()
    {
        using var model = new Nest();
        List<string> before = ExactCopy.Describe(model);
        Linear inner = model.GetModule<Linear>("list.0.attn");

        model.ReplaceModule("list.0.attn", new Adapter(inner));
        Assert.Same(inner, model.GetModule("list.0.attn.inner"));
        model.ReplaceModule("list.0.attn", inner);

        Assert.Equal(before, ExactCopy.Describe(model));
    }

    [Fact]
    public void A_replacement_whose_fields_are_not_registered_yet_has_its_parameters_seen()
    {
        using Sequential model = nn.Sequential(("a", nn.Linear(3, 3)));
        model.ReplaceModule("a", new Unregistered());
        Assert.Equal(["a.linear.weight", "a.linear.bias"], model.ParameterNames());
    }

    [Fact]
    public void A_sequential_subclass_that_keeps_its_layers_in_fields_as_well_sees_the_replacement_in_both()
    {
        using var model = new Remembers();
        var replacement = new Plus(3);
        model.ReplaceModule("only", replacement);
        Assert.Equal((replacement, replacement), (model[0], model.only));
    }

    [Fact]
    public void Layers_of_a_sequential_of_two_arguments_are_replaced()
    {
        using var model = new Sum();
        using Linear replacement = nn.Linear(3, 2);
        model.ReplaceModule("right", replacement).Dispose();
        Assert.Same(replacement, model[1]);
        model.call(randn(1, 3), randn(1, 3)).Dispose();
    }

    [Fact]
    public void Replacing_a_layer_by_itself_changes_nothing()
    {
        using Sequential model = Models.Small();
        nn.Module layer = model.GetModule("a");
        Assert.Same(layer, model.ReplaceModule("a", layer));
        using (model.Replacing("a", layer))
            Assert.Same(layer, model.GetModule("a"));
    }

    private sealed class Unregistered() : nn.Module<Tensor, Tensor>(nameof(Unregistered))
    {
        public readonly Linear linear = nn.Linear(3, 3);

        public override Tensor forward(Tensor input) => linear.call(input);
    }

    private sealed class Remembers : Sequential
    {
        public readonly nn.Module<Tensor, Tensor> only;

        public Remembers()
            : base(("only", new Plus(1))) => only = (nn.Module<Tensor, Tensor>)this[0];
    }

    private sealed class Nest : nn.Module<Tensor, Tensor>
    {
        public readonly nn.Module<Tensor, Tensor> a = nn.Linear(2, 2);
        public readonly Sequential mid = nn.Sequential(("b", nn.Linear(2, 2)), ("c", nn.Linear(2, 2)));
        public readonly ModuleList<nn.Module<Tensor, Tensor>> list = nn.ModuleList<nn.Module<Tensor, Tensor>>(new Wide(), nn.Linear(2, 2));
        public readonly nn.Module dict = nn.ModuleDict<nn.Module<Tensor, Tensor>>(("k", nn.Linear(2, 2)), ("l", nn.ReLU()));

        public Nest()
            : base(nameof(Nest)) => RegisterComponents();

        public override Tensor forward(Tensor input) => ((ModuleDict<nn.Module<Tensor, Tensor>>)dict)["k"].call(list[1].call(list[0].call(mid.call(a.call(input)))));
    }

    /// <summary>Like <see cref="Block"/>, with fields as wide as can be.</summary>
    private sealed class Wide : nn.Module<Tensor, Tensor>
    {
        public readonly nn.Module<Tensor, Tensor> attn = nn.Linear(2, 2);
        public readonly nn.Module<Tensor, Tensor> mlp = nn.Sequential(("c_fc", nn.Linear(2, 2)), ("act", nn.ReLU()));

        public Wide()
            : base(nameof(Wide)) => RegisterComponents();

        public override Tensor forward(Tensor input) => mlp.call(attn.call(input));
    }
}
