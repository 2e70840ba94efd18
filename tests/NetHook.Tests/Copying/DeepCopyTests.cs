using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

// Seeds are the process's, so these run alone.
[Collection(LiveTensors.Name)]
public class DeepCopyTests
{
    private static Tensor Input => randn(2, 3);

    [Fact]
    public void Layers_are_copied_wherever_a_class_keeps_them() => CheckOneToOne(new KeepsLayersEverywhere());

    [Fact]
    public void Tensors_are_copied_whatever_their_kind() => CheckOneToOne(new KeepsTensors());

    [Fact]
    public void A_model_with_ties_is_copied_exactly() => CheckOneToOne(new Tied());

    [Fact]
    public void A_sequential_with_a_forward_of_its_own_is_copied_whole() => CheckOneToOne(new Twice());

    [Fact]
    public void A_sequential_of_two_arguments_is_copied() => ExactCopy.Check(new Sum(), sum => [sum.call(Input, Input)]);

    [Fact]
    public void A_child_that_knows_its_parent_knows_the_copy_of_it()
    {
        CheckOneToOne(new KnowsParent());
        using var model = new KnowsParent();
        using KnowsParent copy = model.DeepCopy();
        Assert.Same(copy, copy.child.Parent);
    }

    [Fact]
    public void A_closure_that_holds_itself_holds_its_copy_in_the_copy()
    {
        CheckOneToOne(new CallsItself());
        using var model = new CallsItself();
        using CallsItself copy = model.DeepCopy();
        using (no_grad())
            model.linear.weight.zero_();

        Assert.NotEqual(0, copy.call(ones(1, 3)).abs().sum().item<float>() - model.call(ones(1, 3)).abs().sum().item<float>());
        Assert.NotSame(model.Step, copy.Step);
        Assert.Same(copy.Step, copy.Inner());
    }

    [Fact]
    public void A_model_like_those_of_torchvision_is_copied() => CheckOneToOne(new ScopedNet());

    [Fact]
    public void A_transformer_with_lists_and_a_tied_head_is_copied() =>
        ExactCopy.Check(new TinyTransformer(), model => [model.head.call(model.call(tensor([0L, 2, 1])))]);

    [Fact]
    public void Modules_of_one_to_six_arguments_are_copied()
    {
        CheckOneToOne((nn.Module<Tensor, Tensor>)Models.Layer(input => input * 2));
        ExactCopy.Check(new Two(), module => [module.call(Input, Input)]);
        ExactCopy.Check(new Three(), module => [module.call(Input, Input, 3)]);
        ExactCopy.Check(new Four(), module => [module.call(Input, Input, Input, Input)]);
        ExactCopy.Check(new Five(), module => [module.call(Input, Input, Input, Input, Input)]);
        ExactCopy.Check(new Six(), module =>
        {
            (Tensor sum, Tensor last) = module.call(Input, Input, Input, Input, Input, true);
            return [sum, last];
        });
    }

    [Fact]
    public void Tied_layers_and_weights_stay_tied()
    {
        using var model = new Tied();
        using Tied copy = model.DeepCopy();

        Assert.Same(copy.one, copy.again);
        TensorAssert.SameStorage(copy.one.bias!, copy.other.bias!);
        TensorAssert.SameStorage(copy.rows.weight!, copy.head.weight);
        using (no_grad())
            copy.head.weight.fill_(3);
        TensorAssert.Same(full(3, 3, 3f), copy.rows.call(arange(3)));
    }

    [Fact]
    public void The_mode_of_each_module_is_kept()
    {
        using Sequential model = nn.Sequential(("a", nn.Dropout()), ("b", nn.Sequential(("c", nn.Dropout()), ("d", nn.BatchNorm1d(3)))));
        model.GetModule("b.c").eval();

        using Sequential copy = model.DeepCopy();

        Assert.Equal([true, true, false, true], new[] { "a", "b", "b.c", "b.d" }.Select(name => copy.GetModule(name).training));
    }

    [Fact]
    public void Gradients_are_copied_with_their_parameters()
    {
        using Linear model = nn.Linear(3, 3);
        model.call(Input).sum().backward();
        using Linear copy = model.DeepCopy();

        copy.call(ones(2, 3)).sum().backward();
        model.call(ones(2, 3)).sum().backward();

        TensorAssert.Same(model.weight.grad!, copy.weight.grad!);
        Assert.NotEqual(TensorAssert.Address(model.weight.grad!), TensorAssert.Address(copy.weight.grad!));
    }

    [Fact]
    public void Hooks_and_traces_are_not_carried_along()
    {
        using Sequential model = Models.Small();
        int calls = 0;
        ((Linear)model[0]).register_forward_hook((_, _, _) =>
        {
            calls++;
            return null!;
        });
        ((Linear)model[0]).register_forward_pre_hook(_ => calls++);
        using var trace = new Trace(model, "c");

        using Sequential copy = model.DeepCopy();
        copy.call(Input).Dispose();

        Assert.Equal(0, Hooks.Count(copy));
        Assert.Equal(0, calls);
        Assert.Empty(trace.Calls);
    }

    [Fact]
    public void Handles_of_one_tensor_stay_handles_of_one_tensor_and_views_views()
    {
        using var model = new KeepsTensors();
        using KeepsTensors copy = model.DeepCopy();
        (Parameter upper, Parameter lower) = (copy.get_parameter("_upper")!, copy.get_parameter("_lower")!);

        Assert.Equal(TorchSharpInternals.StorageAddress(upper), TorchSharpInternals.StorageAddress(lower));
        Assert.True(upper.is_leaf);
        using (no_grad())
            upper.as_strided([3], [1], 3).fill_(5);
        TensorAssert.Same(full(3, 5f), lower.detach());
        Assert.Equal(copy.transposed.stride(), model.transposed.stride());
    }

    [Fact]
    public void A_view_can_be_trained_in_place_as_its_original_can()
    {
        using var model = new KeepsTensors();
        using KeepsTensors copy = model.DeepCopy();
        using SGD optimizer = optim.SGD([copy.get_parameter("_upper")!, copy.get_parameter("_lower")!], 0.1);

        copy.call(Input).sum().backward();
        optimizer.step();
        copy.call(Input).sum().backward();
    }

    [Fact]
    public void A_model_without_weights_on_a_device_is_copied_too()
    {
        var meta = new Device(DeviceType.META);
        using Sequential model = nn.Sequential(("a", nn.Linear(300_000, 300_000, device: meta)), ("b", nn.Linear(2, 2)));

        using Sequential copy = model.DeepCopy();

        Assert.Equal(ExactCopy.Describe(model), ExactCopy.Describe(copy));
    }

    [Fact]
    public void Random_numbers_go_on_as_if_nothing_was_copied()
    {
        using var model = new TinyTransformer();
        manual_seed(5);
        using Tensor expected = randn(3);
        manual_seed(5);

        model.DeepCopy().Dispose();

        TensorAssert.Same(expected, randn(3));
    }

    [Fact]
    public void A_copy_made_in_inference_mode_and_in_a_scope_can_be_trained_afterwards()
    {
        using var model = new TinyTransformer();
        TinyTransformer copy;
        using (inference_mode())
        using (NewDisposeScope())
        {
            copy = model.DeepCopy();
        }

        copy.call(tensor([0L, 1])).sum().backward();
        Assert.NotNull(copy.wte.weight!.grad);
        copy.Dispose();
    }

    [Fact]
    public void A_hook_remover_in_a_field_is_copied_and_removes_nothing()
    {
        using var model = new KeepsRemover();
        using KeepsRemover copy = model.DeepCopy();

        copy.remover.remove();
        model.call(Input).Dispose();

        Assert.Equal(1, model.Calls);
    }

    private static void CheckOneToOne(nn.Module<Tensor, Tensor> model) => ExactCopy.Check(model, one => [one.call(Input)]);

    private sealed class KeepsRemover : nn.Module<Tensor, Tensor>
    {
        public readonly nn.HookableModule<Func<nn.Module<Tensor, Tensor>, Tensor, Tensor>, Func<nn.Module<Tensor, Tensor>, Tensor, Tensor, Tensor>>.HookRemover remover;

        public KeepsRemover()
            : base(nameof(KeepsRemover)) => remover = register_forward_hook((_, _, output) =>
            {
                Calls++;
                return output;
            });

        public int Calls { get; private set; }

        public override Tensor forward(Tensor input) => input * 2;
    }
}
