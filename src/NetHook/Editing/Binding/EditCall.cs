using System.Linq.Expressions;
using System.Reflection;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>A compiled edit, and whether it is given the layer's input.</summary>
internal sealed record CompiledEdit(Delegate Call, bool TakesInput);

/// <summary>Compiles the call of an edit from a signature that all edits of its kind share.</summary>
internal static class EditCall
{
    private static readonly MethodInfo FromObjectMethod =
        typeof(EditCall).GetMethod(nameof(FromObject), BindingFlags.NonPublic | BindingFlags.Static)!;

    /// <summary>Compiles <c>(edit, values) => edit(those of the values that it declares)</c>.</summary>
    /// <param name="edit">The edit.</param>
    /// <param name="asked">What it is asked for, for messages.</param>
    /// <param name="values">What is offered: the value edited, the layer's name, what else there is, and the module, as the type that it is.</param>
    /// <exception cref="ArgumentException">The edit cannot be called with these, or does not return the first one's type.</exception>
    public static CompiledEdit Compile<TCall>(Delegate edit, EditSite asked, ParameterExpression[] values)
        where TCall : Delegate
    {
        ParameterExpression original = values[0];
        var offers = values.Select(value => new Offer(value.Name!, value == values[^1] ? asked.Module.GetType() : value.Type)).ToList();
        var signature = FunctionSignature.Of(edit);
        if (!edit.HasSingleTarget)
        {
            throw new ArgumentException(
                $"{asked} is several functions combined into one delegate, of which only the last could have a result. "
                + "Write one function that calls them in the order meant.");
        }

        List<Offer> named = IsTorchs(edit.Method) ? offers.Select(offer => offer with { Name = "" }).ToList() : offers;
        Argument[] chosen = ArgumentMatcher.Match(signature, [], named, Refuse);
        if (!Returns(signature.ReturnType, original.Type))
            throw Refuse($"it must return {TypeNames.Apart(original.Type, signature.ReturnType).First}, {asked.Result}; null leaves the {asked.Value} as it is");

        ParameterExpression any = Expression.Parameter(typeof(Delegate), "edit");
        IEnumerable<Expression> arguments = chosen.Select((argument, i) => Value(argument, signature.Parameters[i]));
        InvocationExpression result = Expression.Invoke(Expression.Convert(any, edit.GetType()), arguments);
        bool takesInput = chosen.Any(argument => argument.Source == ArgumentSource.Named && values[argument.Index].Name == "input");
        return new(Expression.Lambda<TCall>(Result(result, values, asked), [any, .. values]).Compile(), takesInput);

        ArgumentException Refuse(string why)
        {
            string offered = string.Join(", ", offers.Select(offer => $"{TypeNames.Of(offer.Type!)} {offer.Name}"));
            return new($"{asked} is {signature}, but {why}. Write {TypeNames.Of(original.Type)} ({offered}), "
                + "leaving out what is not needed; further parameters need default values.");
        }

        Expression Value(Argument argument, FunctionParameter parameter) => argument.Source switch
        {
            ArgumentSource.Named => Convert(values[argument.Index], parameter.Type),
            ArgumentSource.Rest => Expression.Constant(Array.CreateInstance(parameter.Type.GetElementType()!, 0), parameter.Type),
            _ => Expression.Constant(parameter.Default, parameter.Type),
        };
    }

    // torch's functions, and the forward of every module, call their argument "input" whatever it is: as an edit of the
    // output, relu is meant to be given the output.
    private static bool IsTorchs(MethodInfo method) => method.GetBaseDefinition().Module == typeof(Module).Module;

    private static bool Returns(Type returned, Type wanted) =>
        returned != typeof(void)
        && (wanted.IsAssignableFrom(returned) || Nullable.GetUnderlyingType(returned) == wanted || returned == typeof(object));

    private static Expression Result(Expression result, ParameterExpression[] values, EditSite asked)
    {
        ParameterExpression original = values[0];
        if (original.Type.IsAssignableFrom(result.Type))
            return Convert(result, original.Type);
        if (result.Type == typeof(object))
        {
            return Expression.Call(
                FromObjectMethod.MakeGenericMethod(original.Type),
                result, original, Expression.Constant(asked.Option), Expression.Constant(asked.Value), values[1], values[^1]);
        }

        ParameterExpression edited = Expression.Variable(result.Type, "edited");
        return Expression.Block(
            [edited],
            Expression.Assign(edited, result),
            Expression.Condition(Expression.Property(edited, "HasValue"), Expression.Property(edited, "Value"), original));
    }

    private static Expression Convert(Expression value, Type type) => value.Type == type ? value : Expression.Convert(value, type);

    private static T FromObject<T>(object? edited, T original, string option, string value, string layer, Module module) => edited switch
    {
        null => original,
        T result => result,
        _ => throw WrongType(edited.GetType(), typeof(T), option, value, layer, module),
    };

    private static InvalidOperationException WrongType(Type edited, Type wanted, string option, string value, string layer, Module module)
    {
        (string returned, string expected) = TypeNames.Apart(edited, wanted);
        return new($"{option} of layer {Sentences.Layer(layer, module)} returned {returned}, and its {value} is "
            + $"{expected}. Return that, or null to leave the {value} as it is.");
    }
}
