using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>
/// One copy in the making. Everything copied through the same context keeps its ties: what the original refers to
/// twice, its copy refers to twice. Copiers registered with <see cref="ModuleCopiers"/> are handed one.
/// </summary>
/// <remarks>Not thread-safe, and of no use once the copy is made.</remarks>
public sealed class CopyContext
{
    private readonly Dictionary<object, object> _copies = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<object> _atCopiers = new(ReferenceEqualityComparer.Instance);
    private readonly List<Module> _modules = [];
    private readonly List<Unfilled> _unfilled = [];
    private readonly HashSet<object> _waiting = new(ReferenceEqualityComparer.Instance);
    private readonly List<Action> _last = [];
    private readonly Type _root;
    private CopyPlace? _place;
    private RandomState? _random;

    private CopyContext(Type root)
    {
        _root = root;
        Tensors = new CopiedTensors(this);
    }

    internal CopiedTensors Tensors { get; }

    /// <summary>Copies a value: a module, a tensor, or anything made of them.</summary>
    /// <typeparam name="T">The value's type, or a base class or interface of it.</typeparam>
    /// <param name="value">The value. A second request for the same object gives the same copy.</param>
    /// <returns>The copy, which belongs to the copied model; what cannot change, a string for instance, is shared instead.</returns>
    /// <exception cref="ModuleCopyException">The value cannot be copied exactly.</exception>
    public T Copy<T>(T value)
    {
        int mark = _unfilled.Count;
        object? copy = CopyObject(value);
        if (value is not null && _waiting.Remove(value))
            Copier.For(value.GetType()).Fill(value, copy!, this);
        FillDownTo(mark);
        return (T)copy!;
    }

    /// <summary>Runs a copy. If it fails, what was made so far is freed.</summary>
    internal static T Run<T>(Type root, Func<CopyContext, T> copy)
    {
        // A copy made in inference mode would be good for inference only.
        using IDisposable trainable = inference_mode(false);
        using IDisposable untracked = no_grad();
        using DisposeScope scope = NewDisposeScope();
        var context = new CopyContext(root);
        bool done = false;
        try
        {
            T? result = copy(context);
            context.FillDownTo(0);
            context._last.ForEach(action => action());
            context.Tensors.Complete();
            // What a registered copier made besides is its own affair.
            scope.MoveToOuter(scope.DisposablesView);
            done = true;
            return result;
        }
        finally
        {
            context._random?.Restore();
            context.Finish(done);
        }
    }

    internal object? CopyObject(object? value)
    {
        if (value is null)
            return null;
        if (_copies.TryGetValue(value, out object? known))
            return known;

        Type type = value.GetType();
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw Refused(type, "it is nested too deep in modules or in what registered copiers copy");

        // A registered copier may ask for the very object that it was given: it means the copy that would be made without it.
        if (ModuleCopiers.Find(type) is not { } registered || !_atCopiers.Add(value))
            return Copier.For(type).Copy(value, this);
        object copy = registered(value, this) ?? throw Refused(type, "the copier registered for it returned null");
        _atCopiers.Remove(value);
        _copies[value] = copy;
        return copy;
    }

    /// <summary>Copies what a field, item or child holds, and knows its place should it be refused.</summary>
    internal object? CopyPart(object? value, string place)
    {
        if (value is null)
            return null;
        CopyPlace? outer = _place;
        _place = new(outer, place, value.GetType());
        object? copy = CopyObject(value);
        _place = outer;
        return copy;
    }

    /// <summary>
    /// Keeps a copy that has none of its parts yet; they are copied once what is under way has been. So chains of objects of any
    /// length take no stack.
    /// </summary>
    internal void FillLater(Copier copier, object original, object copy)
    {
        Remember(original, copy);
        _waiting.Add(original);
        _unfilled.Add(new(copier, original, copy, _place));
    }

    /// <summary>The mark to give <see cref="FillDownTo"/>, to fill what is kept from here on.</summary>
    internal int Mark() => _unfilled.Count;

    /// <summary>Fills the copies that were kept since the mark, in the order in which the objects lie in each other.</summary>
    internal void FillDownTo(int mark)
    {
        while (_unfilled.Count > mark)
        {
            Unfilled next = _unfilled[^1];
            _unfilled.RemoveAt(_unfilled.Count - 1);
            if (!_waiting.Remove(next.Original))
                continue;
            (int start, CopyPlace? outer) = (_unfilled.Count, _place);
            _place = next.Place;
            next.Copier.Fill(next.Original, next.Copy, this);
            _place = outer;
            _unfilled.Reverse(start, _unfilled.Count - start);
        }
    }

    /// <summary>Does something once everything is copied.</summary>
    internal void AtLast(Action action) => _last.Add(action);

    /// <summary>The copy of an object, if there is one already.</summary>
    internal object? Find(object original) => _copies.GetValueOrDefault(original);

    /// <summary>Has to be called before the parts of the copy are copied, so that they can refer to it.</summary>
    internal void Remember(object original, object copy) => _copies.Add(original, copy);

    /// <summary>Takes charge of a module made by copying another, until the copy is complete.</summary>
    internal void Own(Module copy)
    {
        KeepFromFinalizer(copy);
        _modules.Add(copy);
    }

    /// <summary>A copy that is not complete may refer to the original's tensors, which its finalizer must not dispose.</summary>
    [SuppressMessage("Usage", "CA1816", Justification = "The object has a finalizer of TorchSharp's, which is to run only once the object is whole.")]
    internal static void KeepFromFinalizer(object copy) => GC.SuppressFinalize(copy);

    /// <summary>To be called before anything that draws random numbers: the copy leaves their sequence as it was.</summary>
    internal void KeepRandomState() => _random ??= new RandomState();

    internal ModuleCopyException Refused(Type type, string reason) => new(_root, CopyPlace.Text(_place), type, reason, RegistrableType.Nearest(type, _place) ?? _root);

    private void Finish(bool done)
    {
        foreach (Module module in _modules)
        {
            if (done)
                GC.ReRegisterForFinalize(module);
            else
                TorchSharpInternals.NativeHandle(module).Dispose();
        }
    }

    private readonly record struct Unfilled(Copier Copier, object Original, object Copy, CopyPlace? Place);
}
