using System.Linq.Expressions;
using System.Runtime.CompilerServices;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook.Tests;

public class EditBinderTests
{
    private static readonly Linear Layer = nn.Linear(2, 2);
    private readonly Tensor _output = tensor(3f);
    private readonly Tensor _input = tensor(5f);
    private readonly float _scale = 10;

    private interface IMarked;

    public static TheoryData<Delegate, float> Edits => new()
    {
        { (Tensor x) => x, 3 },
        { (Tensor output) => output, 3 },
        { (Tensor input) => input, 5 },
        { (Tensor a, Tensor b) => b, 5 },
        { (Tensor input, Tensor rest) => rest, 3 },
        { (Tensor t, string name) => name == "h.2" ? t : null, 3 },
        { (string layer, Tensor o) => layer == "h.2" ? o : null, 3 },
        { (string any, Tensor o) => any == "h.2" ? o : null, 3 },
        { (Tensor o, Module m) => m == Layer ? o : null, 3 },
        { (Linear linear, Tensor o) => linear == Layer ? o : null, 3 },
        { (Tensor o, object rest) => rest is "h.2" ? o : null, 3 },
        { (object output) => (Tensor)output, 3 },
        { (object output) => output, 3 },
        { (Tensor o, float scale = 2, Tensor? mask = null, string layer = "none") => mask is null && layer == "h.2" ? o * scale : null, 6 },
        { (Tensor o, params Tensor[] rest) => rest.Length == 0 ? o : null, 3 },
        { (Func<Tensor, Tensor>)(x => x * 2), 6 },
        { static (Tensor x) => x * 3, 9 },
        { () => tensor(7f), 7 },
        { Compiled(), 4 },
        { (Tensor o) => new Parameter(o.detach()), 3 },
    };

    [Theory]
    [MemberData(nameof(Edits), DisableDiscoveryEnumeration = true)]
    public void Edit_is_given_what_it_declares(Delegate edit, float result) =>
        Assert.Equal(result, Call(edit)!.item<float>());

    [Fact]
    public void Methods_and_local_functions_of_an_instance_are_called_on_it()
    {
        Tensor Local(Tensor output) => output * _scale;

        Assert.Equal(30, Call(Scaled)!.item<float>());
        Assert.Equal(30, Call(Local)!.item<float>());
    }

    [Fact]
    public void Functions_of_torch_are_given_the_output_though_they_call_it_input()
    {
        using var adapter = new Adapter();

        Assert.Equal(-3, Call(neg)!.item<float>());
        Assert.Equal(4, Call(adapter.forward)!.item<float>());
        Assert.Equal(4, Call(adapter.call)!.item<float>());
        Assert.Equal(8, Call((Func<Tensor, Tensor, Tensor>)add)!.item<float>());
    }

    [Fact]
    public void Closures_of_one_lambda_keep_what_each_captured()
    {
        Delegate Times(float factor) => (Tensor output) => output * factor;

        Assert.Equal([6, 12], new[] { Times(2), Times(4) }.Select(edit => Call(edit)!.item<float>()));
    }

    [Fact]
    public void Null_is_passed_on_for_tensors() => Assert.Null(Call((Tensor output) => (Tensor?)null));

    [Fact]
    public void Null_leaves_a_struct_as_it_is()
    {
        (Tensor _output, Tensor _input) kept = (_output, _input);

        Assert.Equal(kept, Tuples(((Tensor, Tensor) output) => ((Tensor, Tensor)?)null)(kept, "lstm", _input, Layer));
        Assert.Equal(kept, Tuples(object? ((Tensor, Tensor) output) => null)(kept, "lstm", _input, Layer));
    }

    [Fact]
    public void A_struct_is_edited_as_itself_as_nullable_or_as_object()
    {
        foreach (Delegate edit in new Delegate[]
        {
            ((Tensor a, Tensor b) output) => (output.b, output.a),
            ((Tensor a, Tensor b)? output) => ((Tensor, Tensor)?)(output!.Value.b, output.Value.a),
            object (ITuple output) => ((Tensor)output[1]!, (Tensor)output[0]!),
        })
        {
            Assert.Equal((_input, _output), Tuples(edit)((_output, _input), "lstm", _input, Layer));
        }
    }

    [Fact]
    public void Input_of_several_arguments_is_a_tuple()
    {
        EditOfInput<(Tensor, Tensor)> edit = EditBinder.Input<(Tensor, Tensor)>(((Tensor a, Tensor b) input, string layer) => (input.b, input.a), "pair", Layer);

        Assert.Equal((_input, _output), edit((_output, _input), "pair", Layer));
    }

    [Fact]
    public void Gradient_is_edited_with_the_name_of_its_layer()
    {
        Func<Tensor, Tensor?> edit = EditBinder.Gradient((Tensor gradient, string layer) => layer == "h.2" ? gradient * 2 : null, "h.2", Layer);

        Assert.Equal(6, edit(_output)!.item<float>());
    }

    [Fact]
    public void Exception_of_the_edit_passes_through_as_it_is() =>
        Assert.Throws<InvalidTimeZoneException>(() => Call(Tensor (Tensor output) => throw new InvalidTimeZoneException()));

    [Fact]
    public void Layers_of_one_type_share_the_compiled_call()
    {
        using ReLU other = nn.ReLU();
        Delegate edit = (Tensor output, Module module) => module is ReLU ? output * 2 : output;

        Assert.Equal(3, Call(edit)!.item<float>());
        Assert.Equal(6, EditBinder.Output<Tensor, Tensor>(edit, "relu", other, out _)(_output, "relu", _input, other)!.item<float>());
    }

    [Fact]
    public void Compiled_expressions_are_not_held()
    {
        WeakReference method = BindAndForget();
        for (int i = 0; i < 10 && method.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(method.IsAlive);

        [MethodImpl(MethodImplOptions.NoInlining)]
        WeakReference BindAndForget()
        {
            Func<Tensor, Tensor> edit = Compiled();
            Assert.Equal(4, Call(edit)!.item<float>());
            return new(edit.Method);
        }
    }

    [Fact]
    public void Parameter_that_nothing_fits_is_refused() => AssertRefused(
        "EditOutput of layer 'h.2' (Linear) is Tensor (Tensor output, int position), but nothing that is offered fits 'int position'. "
        + "Write Tensor (Tensor output, string layer, Tensor input, Linear module), leaving out what is not needed; "
        + "further parameters need default values.",
        (Tensor output, int position) => output);

    [Fact]
    public void Third_tensor_is_refused() => AssertRefused(
        "EditOutput of layer 'h.2' (Linear) is Tensor (Tensor a, Tensor b, Tensor c), but nothing that is offered fits 'Tensor c'. "
        + "Write Tensor (Tensor output, string layer, Tensor input, Linear module), leaving out what is not needed; "
        + "further parameters need default values.",
        (Tensor a, Tensor b, Tensor c) => a);

    [Fact]
    public void Module_of_another_type_is_refused() => AssertRefused(
        "EditOutput of layer 'h.2' (Linear) is Tensor (Tensor output, ReLU module), but 'module' is Linear here, not ReLU. "
        + "Write Tensor (Tensor output, string layer, Tensor input, Linear module), leaving out what is not needed; "
        + "further parameters need default values.",
        (Tensor output, ReLU module) => output);

    [Fact]
    public void Interface_that_the_module_lacks_is_refused() =>
        Assert.Throws<ArgumentException>(() => Bind((Tensor output, IMarked module) => output));

    [Fact]
    public void Tensor_for_a_tuple_is_refused() => AssertRefused(
        "EditOutput of layer 'lstm' (Linear) is Tensor (Tensor output), but 'output' is (Tensor, Tensor) here, not Tensor. "
        + "Write (Tensor, Tensor) ((Tensor, Tensor) output, string layer, Tensor input, Linear module), leaving out what is not needed; "
        + "further parameters need default values.",
        () => Tuples((Tensor output) => output));

    [Fact]
    public void Tensor_for_an_input_of_several_arguments_is_refused() => AssertRefused(
        "EditInput of layer '' (the model itself, Linear) is Tensor (Tensor input), but 'input' is (Tensor, Tensor) here, not Tensor. "
        + "Write (Tensor, Tensor) ((Tensor, Tensor) input, string layer, Linear module), leaving out what is not needed; "
        + "further parameters need default values.",
        () => EditBinder.Input<(Tensor, Tensor)>((Tensor input) => input, "", Layer));

    [Fact]
    public void Returning_nothing_is_refused() => AssertRefused(
        "EditOutput of layer 'h.2' (Linear) is void (Tensor output), but it must return Tensor, what the layer returns; "
        + "null leaves the output as it is. "
        + "Write Tensor (Tensor output, string layer, Tensor input, Linear module), leaving out what is not needed; "
        + "further parameters need default values.",
        (Tensor output) => { });

    [Fact]
    public void Returning_another_type_is_refused() => AssertRefused(
        "EditInput of layer 'h.2' (Linear) is Task<Tensor> Later(Tensor input), but it must return Tensor, what the layer takes; "
        + "null leaves the input as it is. "
        + "Write Tensor (Tensor input, string layer, Linear module), leaving out what is not needed; "
        + "further parameters need default values.",
        () => EditBinder.Input<Tensor>(Later, "h.2", Layer));

    [Fact]
    public void Returning_another_type_for_a_gradient_is_refused() => AssertRefused(
        "EditGradient of layer 'h.2' (Linear) is double (Tensor gradient), but it must return Tensor, the type of a gradient; "
        + "null leaves the gradient as it is. "
        + "Write Tensor (Tensor gradient, string layer, Linear module), leaving out what is not needed; "
        + "further parameters need default values.",
        () => EditBinder.Gradient((Tensor gradient) => 0.0, "h.2", Layer));

    [Fact]
    public void Combined_delegates_are_refused() => AssertRefused(
        "EditOutput of layer 'h.2' (Linear) is several functions combined into one delegate, of which only the last could have a result. "
        + "Write one function that calls them in the order meant.",
        (Func<Tensor, Tensor>)(x => x) + (x => x * 2));

    [Fact]
    public void Object_of_another_type_is_refused_when_it_is_returned()
    {
        EditOfOutput<Tensor, Tensor> edit = Bind(object (object output) => "text");

        Assert.Equal(
            "EditOutput of layer 'h.2' (Linear) returned string, and its output is Tensor. Return that, or null to leave the output as it is.",
            Assert.Throws<InvalidOperationException>(() => edit(_output, "h.2", _input, Layer)).Message);
    }

    private static Task<Tensor> Later(Tensor input) => Task.FromResult(input);

    private static Func<Tensor, Tensor> Compiled()
    {
        ParameterExpression x = Expression.Parameter(typeof(Tensor), "x");
        return Expression.Lambda<Func<Tensor, Tensor>>(Expression.Add(x, Expression.Constant(tensor(1f))), x).Compile();
    }

    private static EditOfOutput<Tensor, Tensor> Bind(Delegate edit) => EditBinder.Output<Tensor, Tensor>(edit, "h.2", Layer, out _);

    private static EditOfOutput<Tensor, (Tensor, Tensor)> Tuples(Delegate edit) =>
        EditBinder.Output<Tensor, (Tensor, Tensor)>(edit, "lstm", Layer, out _);

    private static void AssertRefused(string message, Delegate edit) => AssertRefused(message, () => Bind(edit));

    private static void AssertRefused(string message, Func<object> bind) =>
        Assert.Equal(message, Assert.Throws<ArgumentException>(bind).Message);

    private Tensor? Call(Delegate edit) => Bind(edit)(_output, "h.2", _input, Layer);

    private Tensor Scaled(Tensor output) => output * _scale;

    private sealed class Adapter() : nn.Module<Tensor, Tensor>("adapter")
    {
        public override Tensor forward(Tensor input) => input + 1;
    }
}
