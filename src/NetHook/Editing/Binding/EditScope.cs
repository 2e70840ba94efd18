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

    /// <summary>How many tensors of a value hold nothing, such as the weights that MultiheadAttention was not asked for.</summary>
    public static int Empty<T>(T value) => value is torch.Tensor tensor ? tensor.IsInvalid ? 1 : 0 : EmptyIn(value);

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
    /// <param name="original">What the edit was given.</param>
    /// <param name="edited">What it returned.</param>
    /// <param name="empty">How many tensors of the original held nothing before the edit; as many may be in what it returned.</param>
    public T Close<T>(T original, T? edited, int empty = 0)
    {
        if (edited is null)
        {
            edited = original;
            if (empty == 0 && original is torch.Tensor { IsInvalid: true })
                throw _site.DisposedAndReturnedNull();
        }
        else if (edited is torch.Tensor tensor)
        {
            if (tensor.IsInvalid && empty == 0)
                throw _site.ReturnedDisposed();
            edited = ReferenceEquals(tensor, original) ? original : (T)(object)Adopt(tensor);
        }
        else
        {
            RequireAlive(edited, empty);
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

    // Apart, because its closure would be made for a single tensor too.
    private static int EmptyIn<T>(T value)
    {
        int empty = 0;
        TensorTree.VisitKnown(value, tensor => empty += tensor.IsInvalid ? 1 : 0);
        return empty;
    }

    private void RequireAlive<T>(T edited, int empty)
    {
        if (EmptyIn(edited) > empty)
            throw _site.ReturnedDisposed();
    }

    private T AdoptAll<T>(T original, T edited)
    {
        DisposeScope scope = _scope;
        return TensorTree.MapForeign(edited, original, part => !scope.Contains(part), tensor => tensor.alias());
    }

    private torch.Tensor Adopt(torch.Tensor tensor) => tensor.IsInvalid || _scope.Contains(tensor) ? tensor : tensor.alias();
}
