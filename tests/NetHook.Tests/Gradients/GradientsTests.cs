using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook.Tests;

public class GradientsTests
{
    [Fact]
    public void All_parameters_of_modules_and_tensors_are_set()
    {
        using var model = new TinyTransformer();
        using LSTM lstm = LSTM(2, 3);
        Parameter parameter = Parameter(ones(2));
        Tensor tensor = ones(2, requires_grad: true);

        Gradients.SetRequiresGrad(false, model, lstm, parameter, tensor);
        Assert.All(Flags(model, lstm), Assert.False);
        Assert.False(parameter.requires_grad || tensor.requires_grad);

        Gradients.SetRequiresGrad(true, model, lstm, parameter, tensor);
        Assert.All(Flags(model, lstm), Assert.True);
        Assert.True(parameter.requires_grad && tensor.requires_grad);
    }

    [Fact]
    public void Parameters_of_lists_and_dictionaries_are_set()
    {
        using var list = new ParameterList(Parameter(ones(1)), Parameter(ones(1)));
        using ParameterDict dict = ParameterDict(("a", Parameter(ones(1))));

        Gradients.SetRequiresGrad(false, list, dict);

        Assert.False(list[0].requires_grad || list[1].requires_grad || dict["a"].requires_grad);
    }

    [Fact]
    public void Nothing_is_set_where_a_later_model_is_no_model()
    {
        using Linear linear = Linear(2, 2);

        AssertRefused(
            "SetRequiresGrad: argument 1 is List<Parameter>. Pass modules, parameters or tensors, and the items of a list one by one: [.. list].",
            () => Gradients.SetRequiresGrad(false, linear, linear.parameters().ToList()));
        AssertRefused(
            "Frozen: argument 2 is null. Pass modules, parameters or tensors, and the items of a list one by one: [.. list].",
            () => Gradients.Frozen(linear, linear.weight, null!));
        Assert.All(Flags(linear), Assert.True);
    }

    [Fact]
    public void Nothing_is_set_where_a_later_tensor_holds_integers()
    {
        using Linear linear = Frozen(Linear(2, 2));
        using var quantised = new Quantised();

        AssertRefused(
            "SetRequiresGrad: argument 1 is of type Int64. Only floating-point and complex tensors have gradients. Nothing was changed.",
            () => Gradients.SetRequiresGrad(true, linear, tensor(3L)));
        AssertRefused(
            "SetRequiresGrad: parameter 'codes' of the Quantised (argument 1) is of type Int8. "
            + "Only floating-point and complex tensors have gradients. Nothing was changed.",
            () => Gradients.SetRequiresGrad(true, linear, quantised));
        Assert.All(Flags(linear), Assert.False);
    }

    [Fact]
    public void Nothing_is_set_where_a_later_tensor_is_computed_from_others()
    {
        using Linear linear = Linear(2, 2);

        AssertRefused(
            "SetRequiresGrad: argument 1 is computed from tensors that require gradients. "
            + "Use its detach(), or freeze what it is computed from. Nothing was changed.",
            () => Gradients.SetRequiresGrad(false, linear, linear.weight * 2));
        Assert.All(Flags(linear), Assert.True);
    }

    [Fact]
    public void Nothing_is_set_where_a_later_tensor_is_disposed()
    {
        using Linear linear = Linear(2, 2);
        Tensor gone = ones(1);
        gone.Dispose();

        AssertRefused(
            "SetRequiresGrad: argument 1 is disposed. Pass what is alive. Nothing was changed.",
            () => Gradients.SetRequiresGrad(false, linear, gone));
        Assert.All(Flags(linear), Assert.True);
    }

    [Fact]
    public void Flags_set_before_torch_refuses_one_are_put_back()
    {
        using Linear linear = Linear(2, 2);
        linear.bias!.requires_grad = false;
        Tensor inference;
        using (inference_mode())
            inference = ones(1);

        // Only torch itself knows that a tensor was made in inference mode.
        Assert.ThrowsAny<Exception>(() => Gradients.SetRequiresGrad(true, linear, inference));

        Assert.True(linear.weight.requires_grad);
        Assert.False(linear.bias.requires_grad);
    }

    [Fact]
    public void No_model_at_all_is_refused() =>
        AssertRefused("SetRequiresGrad was given no model. Pass modules, parameters or tensors.", () => Gradients.SetRequiresGrad(false));

    [Fact]
    public void Frozen_puts_back_each_flag_whatever_threw()
    {
        using var model = new TinyTransformer();
        model.h[0].attn.weight.requires_grad = false;
        bool[] before = Flags(model).ToArray();

        Assert.Throws<InvalidTimeZoneException>(ThrowWhileFrozen);

        void ThrowWhileFrozen()
        {
            using IDisposable frozen = Gradients.Frozen(model);
            Assert.All(Flags(model), Assert.False);
            model.h[1].attn.weight.requires_grad = true;
            throw new InvalidTimeZoneException();
        }

        Assert.Contains(false, before);
        Assert.Equal(before, Flags(model));
    }

    [Fact]
    public void Frozen_inside_frozen_puts_back_its_own()
    {
        using Linear linear = Linear(2, 2);

        using (Gradients.Frozen(linear))
        {
            using (Gradients.Frozen(linear.weight))
                Assert.False(linear.weight.requires_grad);
            Assert.False(linear.weight.requires_grad);
        }

        Assert.All(Flags(linear), Assert.True);
    }

    [Fact]
    public void Frozen_disposed_twice_puts_back_once()
    {
        using Linear linear = Linear(2, 2);
        IDisposable frozen = Gradients.Frozen(linear);
        frozen.Dispose();
        linear.weight.requires_grad = false;
        frozen.Dispose();

        Assert.False(linear.weight.requires_grad);
    }

    [Fact]
    public void Frozen_finds_parameters_again_that_were_converted()
    {
        using var model = new Block();
        model.attn.weight.requires_grad = false;
        bool[] before = Flags(model).ToArray();

        using (Gradients.Frozen(model))
            model.to(float64);

        Assert.Equal(float64, model.attn.weight.dtype);
        Assert.Equal(before, Flags(model));
    }

    [Fact]
    public void Frozen_survives_the_disposal_of_a_model()
    {
        Linear linear = Linear(2, 2);
        using Linear other = Linear(2, 2);
        using (Gradients.Frozen(linear, linear.weight, other))
            linear.Dispose();

        Assert.All(Flags(other), Assert.True);
    }

    [Fact]
    public void Frozen_model_collects_no_gradient_and_its_input_does()
    {
        using Linear linear = Linear(2, 2);
        Tensor input = ones(1, 2, requires_grad: true);
        using (Gradients.Frozen(linear))
            linear.call(input).sum().backward();

        Assert.Null(linear.weight.grad);
        Assert.NotNull(input.grad);
    }

    private static IEnumerable<bool> Flags(params Module[] models) =>
        models.SelectMany(model => model.parameters()).Select(parameter => parameter.requires_grad);

    private static Linear Frozen(Linear linear)
    {
        Gradients.SetRequiresGrad(false, linear);
        return linear;
    }

    private static void AssertRefused(string message, Action action) =>
        Assert.Equal(message, Assert.Throws<ArgumentException>(action).Message);

    private static void AssertRefused(string message, Func<object> action) =>
        Assert.Equal(message, Assert.Throws<ArgumentException>(action).Message);

    private sealed class Quantised : Module<Tensor, Tensor>
    {
        public readonly Parameter codes = new(zeros(2, int8), requires_grad: false);

        public Quantised()
            : base(nameof(Quantised)) => RegisterComponents();

        public override Tensor forward(Tensor input) => input * codes;
    }
}
