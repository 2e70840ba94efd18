using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.utils.rnn;

namespace NetHook;

/// <summary>Values that hold tensors: takes them apart, and rebuilds them with other tensors.</summary>
/// <remarks>
/// <para>
/// Taken apart are tensors and PackedSequence, tuples of any length, records and anonymous types, arrays, lists, queues,
/// stacks, sets and dictionaries of .NET, immutable or not, and their read-only interfaces, in any nesting.
/// Null, numbers, strings, enums, and structs without references are passed on as they are, and so are the keys of
/// dictionaries. Any other type is refused by name until <see cref="Register{T}"/> says how it is taken apart.
/// </para>
/// <para>
/// What occurs twice in a value occurs twice in its copy; a value that contains itself is refused.
/// Safe to use from several threads, as long as no one changes the value meanwhile.
/// </para>
/// </remarks>
public static class TensorTree
{
    /// <summary>
    /// Copies a value with all the tensors in it. The result is the caller's: its tensors are new handles, which join
    /// the caller's dispose scope as any new tensor does, and nothing of the original is changed or owned by it.
    /// </summary>
    /// <typeparam name="T">The type of the value, or a base type of it.</typeparam>
    /// <param name="value">A tensor, or a value that holds tensors.</param>
    /// <param name="clone">Copy the storage too. Otherwise the handles refer to the same storage as the original's.</param>
    /// <param name="detach">Cut the copies off from the autograd graph. Otherwise they stay in it.</param>
    /// <param name="retainGrad">
    /// Let the copies collect gradients: of what is computed from them, or, without <paramref name="clone"/>, from the
    /// original too where that has a gradient. Where the original needs no gradient, the copy is a new leaf. Tensors
    /// without gradients by their type, integers for instance, are copied beside those that have them.
    /// </param>
    /// <returns>The copy, of the same structure. A PackedSequence is always cloned.</returns>
    /// <exception cref="ArgumentException">Both <paramref name="detach"/> and <paramref name="retainGrad"/> are asked for.</exception>
    /// <exception cref="InvalidOperationException">
    /// The value contains itself; or, with <paramref name="retainGrad"/>, gradients are switched off, or no tensor can have one.
    /// </exception>
    /// <exception cref="NotSupportedException">There is an object in the value of which it is not known how to take it apart.</exception>
    /// <remarks>
    /// nethook's <c>recursive_copy</c>. Without any option that returns the very same object, which Python's garbage
    /// collector makes safe; here the result can always be disposed without harm to the original.
    /// </remarks>
    public static T RecursiveCopy<T>(T value, bool clone = false, bool detach = false, bool retainGrad = false)
    {
        if (retainGrad)
            return CopyForGradients(value, clone, detach);
        return (clone, detach) switch
        {
            (false, false) => Map(value, static tensor => tensor.alias()),
            (false, true) => Map(value, static tensor => tensor.detach()),
            (true, false) => Map(value, static tensor => tensor.clone()),
            (true, true) => Map(value, TensorCopies.CloneDetached),
        };
    }

    /// <summary>
    /// Tells how values of a type are taken apart and rebuilt. A registration is for the whole process and for exactly
    /// this type, not for types derived from it; a later one takes its place.
    /// </summary>
    /// <typeparam name="T">The type. Not a tensor type.</typeparam>
    /// <param name="takeApart">Gives the parts of a value: tensors, or anything that can be taken apart in turn.</param>
    /// <param name="rebuild">Makes a new value from the old one and as many new parts, in the same order.</param>
    /// <exception cref="ArgumentException"><typeparamref name="T"/> is a tensor type.</exception>
    public static void Register<T>(Func<T, IReadOnlyList<object?>> takeApart, Func<T, IReadOnlyList<object?>, T> rebuild)
    {
        ArgumentNullException.ThrowIfNull(takeApart);
        ArgumentNullException.ThrowIfNull(rebuild);
        if (typeof(Tensor).IsAssignableFrom(typeof(T)))
            throw new ArgumentException($"{TypeNames.Of(typeof(T))} is a tensor, which has no parts.");
        TreePlan<T>.Register(new RegisteredPlan<T>(takeApart, rebuild));
    }

    /// <summary>
    /// Rebuilds a value with other tensors. Each tensor is mapped once, however often it occurs; it may be mapped to
    /// itself, or to null. If it fails half-way, the tensors that were made are disposed.
    /// </summary>
    internal static T Map<T>(T value, Func<Tensor, Tensor?> map) =>
        typeof(T) == typeof(Tensor)
            ? value is Tensor tensor ? (T)(object)map(tensor)! : value
            : TreeRun.Map(value, map);

    /// <inheritdoc cref="TreeRun.MapForeign"/>
    internal static T MapForeign<T>(T value, T known, Func<IDisposable, bool> isForeign, Func<Tensor, Tensor> map) =>
        TreeRun.MapForeign(value, known, isForeign, map);

    /// <summary>Shows each tensor of a value once, as far as it is known where they are: objects of other types are passed over.</summary>
    internal static void VisitKnown<T>(T value, Action<Tensor> visit) => TreeRun.Visit(value, visit, skipsUnknown: true);

    /// <summary>Shows each tensor of a value once.</summary>
    internal static void Visit<T>(T value, Action<Tensor> visit)
    {
        if (value is Tensor tensor)
            visit(tensor);
        else
            TreeRun.Visit(value, visit);
    }

    /// <summary>The tensors of a value, each once, in order.</summary>
    internal static IReadOnlyList<Tensor> Tensors<T>(T value)
    {
        var tensors = new List<Tensor>();
        Visit(value, tensors.Add);
        return tensors;
    }

    /// <summary>Disposes every tensor and packed sequence in a value.</summary>
    internal static void Free<T>(T value)
    {
        if (value is Tensor tensor)
            tensor.Dispose();
        else
            TreeRun.Visit(value, static tensor => tensor.Dispose(), static sequence => sequence.Dispose());
    }

    private static T CopyForGradients<T>(T value, bool clone, bool detach)
    {
        if (detach)
        {
            throw new ArgumentException(
                "detach cuts the copy off from the graph, so that no gradient could reach it: ask for detach or for retainGrad, not for both.",
                nameof(detach));
        }

        if (!is_grad_enabled())
        {
            throw new InvalidOperationException(
                "retainGrad was asked for where gradients are switched off (no_grad or inference_mode): nothing would ever fill them in.");
        }

        var dtypes = new List<ScalarType>();
        bool collects = false;
        T? copy = Map(value, tensor =>
        {
            dtypes.Add(tensor.dtype);
            if (!tensor.is_floating_point() && !tensor.is_complex())
                return clone ? tensor.clone() : tensor.alias();
            collects = true;
            return TensorCopies.ForGradients(tensor, clone);
        });
        if (collects || dtypes.Count == 0)
        {
            TreeRun.Visit(copy, static _ => { }, PackedSequences.RetainGrad);
            return copy;
        }

        Free(copy);
        throw new InvalidOperationException(
            $"retainGrad was asked for, but only floating-point and complex tensors have gradients; found {string.Join(", ", dtypes)}.");
    }
}
