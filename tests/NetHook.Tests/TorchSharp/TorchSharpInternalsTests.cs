using System.Reflection;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Tests;

public class TorchSharpInternalsTests
{
    [Fact]
    public void This_torchsharp_has_every_member_relied_upon()
    {
        Assert.Null(TorchSharpInternals.FindProblem(TorchSharpInternals.Required));
        TorchSharpInternals.EnsureSupported();
    }

    [Fact]
    public void A_missing_member_is_named_with_the_versions_supported_and_found()
    {
        string? problem = TorchSharpInternals.FindProblem([(typeof(HookableModule<,>), "hooks", "irrelevant")]);

        Assert.Equal(
            "NetHook supports TorchSharp 0.107; TorchSharp 0.107.0 was loaded, whose HookableModule<TPreHook, TPostHook> has "
            + "no field 'hooks' of the type expected. Reference TorchSharp 0.107, or a newer NetHook.",
            problem);
    }

    [Fact]
    public void A_missing_native_function_is_named_too()
    {
        Assert.Null(TorchSharpInternals.FindMissingFunction(TorchSharpInternals.RequiredFunctions));
        Assert.Equal(
            "NetHook supports TorchSharp 0.107; TorchSharp 0.107.0 was loaded, which does not bind THSNN_Module_pretend. Reference TorchSharp 0.107, or a newer NetHook.",
            TorchSharpInternals.FindMissingFunction(["THSNN_Module_train", "THSNN_Module_pretend"]));
    }

    [Fact]
    public void A_member_of_another_type_counts_as_missing() =>
        Assert.NotNull(TorchSharpInternals.FindProblem([(typeof(nn.Module), "_internal_params", "System.String")]));

    [Fact]
    public void Hook_tables_are_the_modules_own_and_can_be_replaced()
    {
        using Linear linear = Linear(2, 2);
        int calls = 0;
        HookableModule<Func<Module<Tensor, Tensor>, Tensor, Tensor>, Func<Module<Tensor, Tensor>, Tensor, Tensor, Tensor>>.HookRemover remover = linear.register_forward_hook((_, _, _) =>
        {
            calls++;
            return null!;
        });
        ref Dictionary<string, Func<Module<Tensor, Tensor>, Tensor, Tensor, Tensor>> table = ref TorchSharpInternals
            .Hooks<Func<Module<Tensor, Tensor>, Tensor, Tensor>, Func<Module<Tensor, Tensor>, Tensor, Tensor, Tensor>>.After(linear);

        Assert.Single(table);
        table = [];
        linear.call(zeros(1, 2)).Dispose();

        Assert.Equal(0, calls);
        remover.remove();
    }

    [Fact]
    public void Registrations_are_the_modules_own()
    {
        using BatchNorm1d norm = BatchNorm1d(2);

        Assert.Equal(["weight", "bias"], TorchSharpInternals.Parameters(norm).Keys);
        Assert.Equal(["running_mean", "running_var", "num_batches_tracked"], TorchSharpInternals.Buffers(norm).Keys);
        Assert.Empty(TorchSharpInternals.Submodules(norm).Keys);
    }

    [Fact]
    public void Layers_of_a_sequential_keep_their_order_and_names()
    {
        using Sequential sequential = Sequential(("a", ReLU()), ("b", Linear(2, 2)));

        (List<IModule<Tensor, Tensor>>? modules, List<string>? names) = TorchSharpInternals.Layers(sequential);

        Assert.Equal(["a", "b"], names);
        Assert.Equal([sequential[0], sequential[1]], modules);
    }

    [Fact]
    public void Generic_sequentials_of_every_arity_are_found_below_their_subclasses()
    {
        using var sequential = new PairSequential(Linear(2, 2));

        (FieldInfo Modules, FieldInfo Names) fields = TorchSharpInternals.GenericSequentialFields(typeof(PairSequential))!.Value;

        Assert.Equal(["0"], (List<string>)fields.Names.GetValue(sequential)!);
        Assert.IsType<TorchSharp.Modules.Linear>(Assert.Single((List<nn.Module>)fields.Modules.GetValue(sequential)!));
        Assert.Null(TorchSharpInternals.GenericSequentialFields(typeof(TorchSharp.Modules.Sequential)));
    }

    [Fact]
    public void Lists_and_dictionaries_of_modules_show_their_items()
    {
        using ModuleList<Linear> list = ModuleList(Linear(2, 2));
        using ModuleDict<ReLU> dict = ModuleDict(("a", ReLU()));

        Assert.Same(list[0], Assert.Single(TorchSharpInternals.Lists<TorchSharp.Modules.Linear>.Items(list)));
        (List<(string Name, ReLU Module)>? items, Dictionary<string, ReLU>? byName) = TorchSharpInternals.Dicts<TorchSharp.Modules.ReLU>.Items(dict);
        Assert.Equal(("a", dict["a"]), Assert.Single(items));
        Assert.Same(dict["a"], byName["a"]);
    }

    private sealed class PairSequential(params nn.Module[] modules)
        : TorchSharp.Modules.Sequential<Tensor, Tensor, Tensor>(modules)
    {
        public override Tensor forward(Tensor a, Tensor b) => a + b;
    }
}
