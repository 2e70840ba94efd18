using System.Reflection;

namespace NetHook;

/// <summary>
/// Calls a function with as many of the arguments offered as it declares, so that a caller can offer more than most
/// functions need. Edits of a <see cref="Trace"/> are called by these rules.
/// </summary>
/// <remarks>
/// <para>1. A parameter whose name is offered is given that argument.
/// 2. The others are given the positional arguments in their order; then those that are still without one, and have
/// no default value, the named arguments that are left, each the first in order that fits its type.
/// 3. An optional parameter keeps its default unless it is matched by name, or by a positional argument that fits.
/// 4. A <c>params</c> parameter takes the positional arguments that remain.
/// 5. What the function does not declare is not passed.</para>
/// <para>Types must match: an argument is passed where the parameter's type can hold it, and is never converted; an
/// <c>int</c> does not fit a <c>double</c>. Names are those in the source of the function, and are case-sensitive.
/// After Python's <c>nethook.invoke_with_optional_args</c>.</para>
/// </remarks>
public static class OptionalArguments
{
    /// <summary>Calls a function with the arguments that it declares.</summary>
    /// <param name="function">The function: a lambda, a method group or any other delegate to one method.</param>
    /// <param name="positional">The arguments offered by position.</param>
    /// <param name="named">The arguments offered by name, in the dictionary's order.</param>
    /// <returns>What the function returned, null for <c>void</c>.</returns>
    /// <exception cref="ArgumentException">
    /// A parameter is matched by a value that its type cannot hold, or a required one by nothing; or
    /// <paramref name="function"/> takes arguments by reference, or combines several functions. The function was not called.
    /// </exception>
    /// <remarks>What the function throws passes through as it is.</remarks>
    /// <example><code>
    /// OptionalArguments.Invoke((Tensor output) => output * 2, named: new Dictionary&lt;string, object?> { ["output"] = x, ["layer"] = "h.2" });
    /// </code></example>
    public static object? Invoke(
        Delegate function, IReadOnlyList<object?>? positional = null, IReadOnlyDictionary<string, object?>? named = null)
    {
        ArgumentNullException.ThrowIfNull(function);
        IReadOnlyList<object?> values = positional ?? [];
        List<KeyValuePair<string, object?>> namedValues = named?.ToList() ?? [];
        var signature = FunctionSignature.Of(function);
        if (!function.HasSingleTarget)
            throw new ArgumentException($"{signature} is one of several functions combined into one delegate. Call them one by one.");

        var types = values.Select(value => value?.GetType()).ToList();
        var offers = namedValues.Select(pair => new Offer(pair.Key, pair.Value?.GetType())).ToList();
        Argument[] chosen = ArgumentMatcher.Match(signature, types, offers, Refuse);

        object?[] arguments = new object?[chosen.Length];
        for (int i = 0; i < chosen.Length; i++)
        {
            arguments[i] = chosen[i].Source switch
            {
                ArgumentSource.Named => namedValues[chosen[i].Index].Value,
                ArgumentSource.Positional => values[chosen[i].Index],
                ArgumentSource.Rest => Rest(signature.Parameters[i].Type, chosen[i].Index),
                _ => signature.Parameters[i].Default,
            };
        }

        MethodInfo invoke = function.GetType().GetMethod(nameof(Action.Invoke))!;
        return invoke.Invoke(function, BindingFlags.DoNotWrapExceptions, null, arguments, null);

        Array Rest(Type type, int first)
        {
            var rest = Array.CreateInstance(type.GetElementType()!, values.Count - first);
            for (int i = 0; i < rest.Length; i++)
                rest.SetValue(values[first + i], i);
            return rest;
        }

        ArgumentException Refuse(string why)
        {
            string byPosition = types.Count == 0 ? "nothing" : string.Join(", ", types.Select(ArgumentMatcher.Describe));
            string byName = offers.Count == 0
                ? "nothing"
                : string.Join(", ", offers.Select(offer => $"{ArgumentMatcher.Describe(offer.Type)} {offer.Name}"));
            return new($"{signature} cannot be called: {why}. Offered by position: {byPosition}; by name: {byName}.");
        }
    }
}
