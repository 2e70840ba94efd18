using TorchSharp;

namespace NetHook;

/// <summary>
/// One run of an edit, with the dispose scope in which it runs. The scope separates tensors that the edit created (the model may own
/// them) from older ones (the model gets an alias): TorchSharp's Sequential disposes whatever its layers return.
/// </summary>
internal readonly ref struct EditScope
{
    // The edits that this thread is in, outermost first.
    [ThreadStatic]
    private static List<EditSite>? _running;

    private readonly EditSite _site;
    private readonly DisposeScope _scope;

    private EditScope(EditSite site, DisposeScope scope)
    {
        _site = site;
        _scope = scope;
    }

    /// <exception cref="InvalidOperationException">This thread is in the same edit already: it made its own layer run.</exception>
    public static EditScope Open(EditSite site)
    {
        List<EditSite> running = _running ??= [];
        if (running.Contains(site))
            throw site.CallsItself();
        var scope = new EditScope(site, torch.NewDisposeScope());
        running.Add(site);
        return scope;
    }

    /// <summary>
    /// What the model goes on with. Everything that the edit made moves to the scope around it, because an edit may
    /// keep what it made; when the edit has thrown instead, <see cref="Dispose"/> frees it. Lists and other objects are
    /// passed on themselves, not copied, unless they hold a tensor that lived before and was not in the original: caches
    /// that a layer fills are the caller's.
    /// </summary>
    /// <exception cref="InvalidOperationException">A tensor of the result is disposed.</exception>
    public T Close<T>(T original, T? edited)
    {
        if (edited is null)
        {
            edited = original;
            if (original is torch.Tensor { IsInvalid: true })
                throw _site.DisposedAndReturnedNull();
        }
        else if (edited is torch.Tensor tensor)
        {
            if (tensor.IsInvalid)
                throw _site.ReturnedDisposed();
            edited = ReferenceEquals(tensor, original) ? original : (T)(object)Adopt(tensor);
        }
        else
        {
            RequireAlive(edited);
            if (typeof(T).IsValueType || !ReferenceEquals(edited, original))
                edited = AdoptAll(original, edited);
        }

        if (_scope.DisposablesCount > 0)
            _scope.MoveToOuter(_scope.DisposablesView);
        return edited;
    }

    public void Dispose()
    {
        _running!.RemoveAt(_running.Count - 1);
        _scope.Dispose();
    }

    private void RequireAlive<T>(T edited)
    {
        EditSite site = _site;
        TensorTree.VisitKnown(edited, tensor =>
        {
            if (tensor.IsInvalid)
                throw site.ReturnedDisposed();
        });
    }

    private T AdoptAll<T>(T original, T edited)
    {
        DisposeScope scope = _scope;
        return TensorTree.MapForeign(edited, original, part => !scope.Contains(part), tensor => tensor.alias());
    }

    private torch.Tensor Adopt(torch.Tensor tensor) => _scope.Contains(tensor) ? tensor : tensor.alias();
}
