using TorchSharp;

namespace NetHook;

/// <summary>
/// The dispose scope in which an edit runs. It tells what the edit made, which the model may own, from what lived
/// before, of which the model is given an alias: TorchSharp's Sequential disposes whatever its layers return.
/// </summary>
internal readonly ref struct EditScope
{
    private readonly DisposeScope _scope;

    private EditScope(DisposeScope scope) => _scope = scope;

    public static EditScope Open() => new(torch.NewDisposeScope());

    /// <summary>
    /// What the model goes on with. Everything that the edit made moves to the scope around it, because an edit may
    /// keep what it made; when the edit has thrown instead, <see cref="Dispose"/> frees it. Lists and other objects are
    /// passed on themselves, not copied, unless they hold a tensor that lived before and was not in the original: caches
    /// that a layer fills are the caller's.
    /// </summary>
    public T Close<T>(T original, T? edited)
    {
        if (edited is null)
            edited = original;
        else if (edited is torch.Tensor tensor)
            edited = ReferenceEquals(tensor, original) ? original : (T)(object)Adopt(tensor);
        else if (typeof(T).IsValueType || !ReferenceEquals(edited, original))
            edited = AdoptAll(original, edited);
        if (_scope.DisposablesCount > 0)
            _scope.MoveToOuter(_scope.DisposablesView);
        return edited;
    }

    private T AdoptAll<T>(T original, T edited)
    {
        DisposeScope scope = _scope;
        return TensorTree.MapForeign(edited, original, part => !scope.Contains(part), tensor => tensor.alias());
    }

    public void Dispose() => _scope.Dispose();

    private torch.Tensor Adopt(torch.Tensor tensor) => _scope.Contains(tensor) ? tensor : tensor.alias();
}
