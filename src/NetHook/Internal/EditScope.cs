using TorchSharp;

namespace NetHook.Internal;

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
    /// keep what it made; when the edit has thrown instead, <see cref="Dispose"/> frees it.
    /// </summary>
    public T Close<T>(T original, T? edited)
    {
        if (edited is null) edited = original;
        else if (edited is torch.Tensor tensor) edited = ReferenceEquals(tensor, original) ? original : (T)(object)Adopt(tensor);
        else edited = AdoptAll(original, edited);
        if (_scope.DisposablesCount > 0) _scope.MoveToOuter(_scope.DisposablesView);
        return edited;
    }

    private T AdoptAll<T>(T original, T edited)
    {
        var scope = _scope;
        var originals = TensorTree.Tensors(original).ToHashSet<torch.Tensor>(ReferenceEqualityComparer.Instance);
        return TensorTree.Map(edited, tensor => originals.Contains(tensor) || scope.Contains(tensor) ? tensor : tensor.alias());
    }

    public void Dispose() => _scope.Dispose();

    private torch.Tensor Adopt(torch.Tensor tensor) => _scope.Contains(tensor) ? tensor : tensor.alias();
}
