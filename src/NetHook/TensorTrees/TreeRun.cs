using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.utils.rnn;

namespace NetHook;

/// <summary>
/// One walk through a value. Remembers what was met, so that a tensor or list that occurs twice becomes one copy that
/// occurs twice, and that a value which contains itself is recognised.
/// </summary>
internal sealed class TreeRun
{
    // Up to this many, looking through all that was met is faster than a dictionary.
    private const int Few = 16;

    private static readonly object InProgress = new();

    // A run is needed at every call of a traced layer with several outputs: each thread keeps one for the next time.
    [ThreadStatic]
    private static TreeRun? _spare;

    private readonly List<(object From, object? To)> _met = [];
    private readonly Dictionary<object, int> _positions = new(ReferenceEqualityComparer.Instance);
    private Func<Tensor, Tensor?>? _map;
    private Action<Tensor>? _visit;
    private Action<PackedSequence>? _visitPacked;
    private bool _remembersUnknown;

    /// <summary>Maps a value; if that fails half-way, everything that was made is disposed.</summary>
    internal static T Map<T>(T value, Func<Tensor, Tensor?> map) => Rent().MapAll(value, map);

    /// <summary>Shows each tensor of a value once. A packed sequence is shown as its tensors, unless <paramref name="visitPacked"/> takes it.</summary>
    internal static void Visit<T>(T value, Action<Tensor> visit, Action<PackedSequence>? visitPacked = null, bool skipsUnknown = false)
    {
        TreeRun run = Rent();
        (run._visit, run._visitPacked, run._remembersUnknown) = (visit, visitPacked, skipsUnknown);
        try
        {
            TreePlan<T>.Instance.Visit(value, run);
        }
        finally
        {
            run.GiveBack();
        }
    }

    /// <summary>
    /// Maps those tensors of a value that are foreign. What is in <paramref name="known"/> too, lists and objects of
    /// unknown types included, is passed on itself; and so is the whole value when no tensor in it is foreign.
    /// </summary>
    internal static T MapForeign<T>(T value, T known, Func<IDisposable, bool> isForeign, Func<Tensor, Tensor> map)
    {
        bool any = false;
        TreeRun run = Rent();
        try
        {
            run.Remember(known);
            run._visit = tensor => any |= isForeign(tensor);
            run._visitPacked = sequence => any |= isForeign(sequence);
            TreePlan<T>.Instance.Visit(value, run);
        }
        finally
        {
            run.GiveBack();
        }

        if (!any)
            return value;
        run = Rent();
        run.Remember(known);
        return run.MapAll(value, tensor => isForeign(tensor) ? map(tensor) : tensor);
    }

    internal Tensor? Map(Tensor tensor)
    {
        // There is nothing to copy: MultiheadAttention returns such a tensor for the weights that nobody asked for.
        if (tensor.IsInvalid)
            return tensor;
        if (TryFind(tensor, out int position))
            return (Tensor?)_met[position].To;
        Tensor? mapped = _map!(tensor);
        Add(tensor, mapped);
        return mapped;
    }

    /// <summary>Maps a tensor that is an intermediate of a copy and becomes no part of it.</summary>
    internal Tensor? MapUnshared(Tensor tensor) => _map!(tensor);

    internal void Visit(Tensor tensor)
    {
        if (TryFind(tensor, out _))
            return;
        Add(tensor, tensor);
        _visit!(tensor);
    }

    internal void Visit(PackedSequence sequence)
    {
        if (_visitPacked is not null)
            _visitPacked(sequence);
        else
            PackedSequences.Visit(sequence, Visit);
    }

    /// <summary>An object of which it is not known how to take it apart.</summary>
    /// <exception cref="NotSupportedException">It was not met before.</exception>
    internal object MapUnknown(object value) => TryFind(value, out int position) ? _met[position].To! : throw TreePlans.Unknown(value.GetType());

    /// <inheritdoc cref="MapUnknown"/>
    internal void VisitUnknown(object value)
    {
        if (TryFind(value, out _))
            return;
        if (!_remembersUnknown)
            throw TreePlans.Unknown(value.GetType());
        Add(value, value);
    }

    /// <summary>
    /// Starts on a list, record or other object. False if it was met before: then <paramref name="copy"/> is what became
    /// of it. Otherwise the caller makes the copy and calls <see cref="Leave"/>.
    /// </summary>
    internal bool Enter(object container, out int position, [NotNullWhen(false)] out object? copy)
    {
        if (!TryFind(container, out position))
        {
            RuntimeHelpers.EnsureSufficientExecutionStack();
            position = Add(container, InProgress);
            copy = null;
            return true;
        }

        copy = _met[position].To!;
        if (ReferenceEquals(copy, InProgress))
            throw new InvalidOperationException($"This {TypeNames.Of(container)} contains itself, so that there is no end to taking it apart.");
        return false;
    }

    internal void Leave(int position, object? copy) => _met[position] = (_met[position].From, copy);

    private static TreeRun Rent()
    {
        TreeRun run = _spare ?? new TreeRun();
        _spare = null;
        return run;
    }

    private void GiveBack()
    {
        (_map, _visit, _visitPacked, _remembersUnknown) = (null, null, null, false);
        _met.Clear();
        if (_positions.Count > 0)
            _positions.Clear();
        _spare = this;
    }

    private T MapAll<T>(T value, Func<Tensor, Tensor?> map)
    {
        _map = map;
        try
        {
            return TreePlan<T>.Instance.Map(value, this);
        }
        catch
        {
            DisposeWhatWasMade();
            throw;
        }
        finally
        {
            GiveBack();
        }
    }

    /// <summary>Takes all that is in a value for met, and for its own copy.</summary>
    private void Remember<T>(T value)
    {
        (_visit, _visitPacked, _remembersUnknown) = (static _ => { }, static _ => { }, true);
        TreePlan<T>.Instance.Visit(value, this);
        (_visit, _visitPacked, _remembersUnknown) = (null, null, false);
    }

    private bool TryFind(object from, out int position)
    {
        if (_met.Count > Few)
            return _positions.TryGetValue(from, out position);

        for (position = 0; position < _met.Count; position++)
        {
            if (ReferenceEquals(_met[position].From, from))
                return true;
        }

        return false;
    }

    private int Add(object from, object? to)
    {
        int position = _met.Count;
        _met.Add((from, to));
        if (position == Few)
        {
            for (int i = 0; i < position; i++)
                _positions.Add(_met[i].From, i);
        }

        if (position >= Few)
            _positions.Add(from, position);
        return position;
    }

    private void DisposeWhatWasMade()
    {
        foreach ((object? from, object? to) in _met)
        {
            if (to is Tensor or PackedSequence && !ReferenceEquals(from, to))
                ((IDisposable)to).Dispose();
        }
    }
}
