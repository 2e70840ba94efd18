using System.Collections.Concurrent;
using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>An edit of a layer's input, or of a gradient, ready to be called. A null leaves the value as it is.</summary>
internal delegate TInput? EditOfInput<TInput>(TInput input, string layer, Module module);

/// <summary>An edit of a layer's output, ready to be called. A null leaves the output as it is.</summary>
internal delegate TResult? EditOfOutput<TInput, TResult>(TResult output, string layer, TInput input, Module module);

/// <summary>
/// Turns the delegates that users write as edits into calls with fixed arguments, by the rules of
/// <see cref="OptionalArguments"/>, and refuses those that do not fit their layer: all this when a trace is made.
/// </summary>
/// <remarks>
/// <para>Offered by name, and for what is left by order, are <c>output</c>, <c>layer</c>, <c>input</c>, <c>module</c> to
/// an edit of the output; <c>input</c> or <c>gradient</c>, <c>layer</c>, <c>module</c> to the others. An edit returns
/// the type of the value that it edits or a subclass of it, its nullable form, or <c>object</c>, which is checked at
/// each call.</para>
/// <para>A trace with an option set binds it when it is made:
/// <c>options.EditInput is { } edit ? EditBinder.Input&lt;TInput>(edit, Layer, Module) : null</c>.</para>
/// <para>The call is compiled once for each method, kind of edit, and type of layer; binding an edit to further layers is
/// a lookup. Where the value is a struct and the edit returned null, the call returns the value that it was given.</para>
/// </remarks>
internal static class EditBinder
{
    private static readonly ConcurrentDictionary<MethodInfo, ConcurrentDictionary<Call, CompiledEdit>> Calls = new();

    // Methods that can be unloaded, as those of compiled expressions and scripts, must not be held.
    private static readonly ConditionalWeakTable<MethodInfo, ConcurrentDictionary<Call, CompiledEdit>> CallsOfCollectible = [];

    /// <exception cref="ArgumentException">The edit does not fit the layer.</exception>
    public static EditOfInput<TInput> Input<TInput>(Delegate edit, string layer, Module module) =>
        OfOne<TInput>(edit, EditSite.OfInput(layer, module));

    /// <exception cref="ArgumentException">The edit does not fit the layer.</exception>
    public static EditOfOutput<TInput, TResult> Output<TInput, TResult>(Delegate edit, string layer, Module module, out bool takesInput)
    {
        CompiledEdit compiled = CallsOf(edit)
            .GetOrAdd(new(edit.GetType(), typeof(OutputCall<TInput, TResult>), "output", module.GetType()), static (_, arguments) =>
            {
                (Delegate? edit, string layer, Module module) = arguments;
                ParameterExpression output = Expression.Parameter(typeof(TResult), "output");
                ParameterExpression name = Expression.Parameter(typeof(string), "layer");
                ParameterExpression input = Expression.Parameter(typeof(TInput), "input");
                ParameterExpression owner = Expression.Parameter(typeof(Module), "module");
                return EditCall.Compile<OutputCall<TInput, TResult>>(edit, EditSite.OfOutput(layer, module), [output, name, input, owner]);
            }, (edit, layer, module));
        takesInput = compiled.TakesInput;
        return new BoundOutput<TInput, TResult>(edit, (OutputCall<TInput, TResult>)compiled.Call).Invoke;
    }

    /// <exception cref="ArgumentException">The edit does not fit.</exception>
    public static Func<Tensor, Tensor?> Gradient(Delegate edit, string layer, Module module)
    {
        EditOfInput<Tensor> bound = OfOne<Tensor>(edit, EditSite.OfGradient(layer, module));
        return gradient => bound(gradient, layer, module);
    }

    private static EditOfInput<T> OfOne<T>(Delegate edit, EditSite asked)
    {
        CompiledEdit compiled = CallsOf(edit)
            .GetOrAdd(new(edit.GetType(), typeof(InputCall<T>), asked.Value, asked.Module.GetType()), static (_, arguments) =>
            {
                (Delegate? edit, EditSite asked) = arguments;
                ParameterExpression value = Expression.Parameter(typeof(T), asked.Value);
                ParameterExpression name = Expression.Parameter(typeof(string), "layer");
                ParameterExpression owner = Expression.Parameter(typeof(Module), "module");
                return EditCall.Compile<InputCall<T>>(edit, asked, [value, name, owner]);
            }, (edit, asked));
        return new BoundInput<T>(edit, (InputCall<T>)compiled.Call).Invoke;
    }

    private static ConcurrentDictionary<Call, CompiledEdit> CallsOf(Delegate edit)
    {
        MethodInfo method = edit.Method;
        return method.IsCollectible
            ? CallsOfCollectible.GetValue(method, static _ => new())
            : Calls.GetOrAdd(method, static _ => new());
    }

    private delegate T? InputCall<T>(Delegate edit, T value, string layer, Module module);

    private delegate TResult? OutputCall<TInput, TResult>(Delegate edit, TResult output, string layer, TInput input, Module module);

    /// <summary>What a compiled call depends on, besides the edit's method.</summary>
    private readonly record struct Call(Type Edit, Type Kind, string Value, Type Module);

    private sealed class BoundInput<T>(Delegate edit, InputCall<T> call)
    {
        public T? Invoke(T value, string layer, Module module) => call(edit, value, layer, module);
    }

    private sealed class BoundOutput<TInput, TResult>(Delegate edit, OutputCall<TInput, TResult> call)
    {
        public TResult? Invoke(TResult output, string layer, TInput input, Module module) => call(edit, output, layer, input, module);
    }
}
