using System.Collections.Immutable;
using System.Collections.ObjectModel;
using System.Runtime.CompilerServices;
using static TorchSharp.torch.nn.utils.rnn;

namespace NetHook;

/// <summary>An object of a class that may have subclasses, met once or several times in a value.</summary>
internal abstract class ObjectPlan<T> : TreePlan<T>
    where T : class
{
    internal sealed override T Map(T value, TreeRun run)
    {
        if (value is null)
            return value!;
        if (value.GetType() != typeof(T))
            return Fit(ForSubclass(value).MapObject(value, run), value);
        if (!run.Enter(value, out int position, out object? known))
            return (T)known;
        T copy = Copy(value, run);
        run.Leave(position, copy);
        return copy;
    }

    internal sealed override void Visit(T value, TreeRun run)
    {
        if (value is null)
            return;
        if (value.GetType() != typeof(T))
        {
            ForSubclass(value).VisitObject(value, run);
        }
        else if (run.Enter(value, out int position, out _))
        {
            VisitInside(value, run);
            run.Leave(position, value);
        }
    }

    protected abstract T Copy(T value, TreeRun run);

    protected abstract void VisitInside(T value, TreeRun run);

    /// <summary>A subclass may hold more than its base class shows: it is known in its own right or not at all.</summary>
    private static TreePlan ForSubclass(T value) => For(value.GetType());
}

internal sealed class ArrayPlan<T> : ObjectPlan<T[]>
{
    protected override T[] Copy(T[] value, TreeRun run)
    {
        var copy = (T[])value.Clone();
        if (TreePlan<T>.Instance is PassingPlan<T>)
            return copy;
        for (int i = 0; i < copy.Length; i++)
            copy[i] = TreePlan<T>.Instance.Map(copy[i], run);
        return copy;
    }

    protected override void VisitInside(T[] value, TreeRun run)
    {
        if (TreePlan<T>.Instance is PassingPlan<T>)
            return;
        foreach (T item in value)
            TreePlan<T>.Instance.Visit(item, run);
    }
}

/// <summary>An array of more than one dimension, or not counted from zero.</summary>
internal sealed class ManyDimensionalArrayPlan<TArray, T> : ObjectPlan<TArray>
    where TArray : class
{
    protected override TArray Copy(TArray value, TreeRun run)
    {
        var copy = (Array)((Array)(object)value).Clone();
        int[] at = new int[copy.Rank];
        for (long i = 0L; i < copy.LongLength; i++)
        {
            long rest = i;
            for (int dimension = copy.Rank - 1; dimension >= 0; dimension--)
            {
                at[dimension] = copy.GetLowerBound(dimension) + (int)(rest % copy.GetLength(dimension));
                rest /= copy.GetLength(dimension);
            }

            copy.SetValue(TreePlan<T>.Instance.Map((T)copy.GetValue(at)!, run), at);
        }

        return (TArray)(object)copy;
    }

    protected override void VisitInside(TArray value, TreeRun run)
    {
        foreach (T item in (Array)(object)value)
            TreePlan<T>.Instance.Visit(item, run);
    }
}

internal sealed class ListPlan<T> : ObjectPlan<List<T>>
{
    protected override List<T> Copy(List<T> value, TreeRun run)
    {
        if (TreePlan<T>.Instance is PassingPlan<T>)
            return [.. value];
        var copy = new List<T>(value.Count);
        foreach (T item in value)
            copy.Add(TreePlan<T>.Instance.Map(item, run));
        return copy;
    }

    protected override void VisitInside(List<T> value, TreeRun run)
    {
        foreach (T item in value)
            TreePlan<T>.Instance.Visit(item, run);
    }
}

/// <summary>Any other collection of items: rebuilt from the old one, which says how it compares, and the new items in its order.</summary>
internal sealed class ItemsPlan<TCollection, T>(Func<TCollection, T[], TCollection> rebuild) : ObjectPlan<TCollection>
    where TCollection : class, IEnumerable<T>
{
    protected override TCollection Copy(TCollection value, TreeRun run) => rebuild(value, [.. value.Select(item => TreePlan<T>.Instance.Map(item, run))]);

    protected override void VisitInside(TCollection value, TreeRun run)
    {
        foreach (T item in value)
            TreePlan<T>.Instance.Visit(item, run);
    }
}

/// <summary>A dictionary: its keys are kept, its values are taken apart.</summary>
internal sealed class EntriesPlan<TDictionary, TKey, T>(
    Func<TDictionary, IEnumerable<KeyValuePair<TKey, T>>, TDictionary> rebuild,
    Func<TDictionary, IEnumerable<KeyValuePair<TKey, T>>>? entries = null) : ObjectPlan<TDictionary>
    where TDictionary : class
{
    protected override TDictionary Copy(TDictionary value, TreeRun run) =>
        rebuild(value, [.. Entries(value).Select(entry => KeyValuePair.Create(entry.Key, TreePlan<T>.Instance.Map(entry.Value, run)))]);

    protected override void VisitInside(TDictionary value, TreeRun run)
    {
        foreach ((TKey _, T item) in Entries(value))
            TreePlan<T>.Instance.Visit(item, run);
    }

    private IEnumerable<KeyValuePair<TKey, T>> Entries(TDictionary dictionary) =>
        entries?.Invoke(dictionary) ?? (IEnumerable<KeyValuePair<TKey, T>>)dictionary;
}

internal sealed class ReadOnlyDictionaryPlan<TKey, T> : ObjectPlan<ReadOnlyDictionary<TKey, T>>
    where TKey : notnull
{
    protected override ReadOnlyDictionary<TKey, T> Copy(ReadOnlyDictionary<TKey, T> value, TreeRun run) =>
        new(TreePlan<IDictionary<TKey, T>>.Instance.Map(Inner(value), run));

    protected override void VisitInside(ReadOnlyDictionary<TKey, T> value, TreeRun run) =>
        TreePlan<IDictionary<TKey, T>>.Instance.Visit(Inner(value), run);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_Dictionary")]
    private static extern IDictionary<TKey, T> Inner(ReadOnlyDictionary<TKey, T> dictionary);
}

internal sealed class ImmutableArrayPlan<T> : TreePlan<ImmutableArray<T>>
{
    internal override ImmutableArray<T> Map(ImmutableArray<T> value, TreeRun run) =>
        value.IsDefault ? value : [.. value.Select(item => TreePlan<T>.Instance.Map(item, run))];

    internal override void Visit(ImmutableArray<T> value, TreeRun run)
    {
        if (value.IsDefault)
            return;
        foreach (T item in value)
            TreePlan<T>.Instance.Visit(item, run);
    }
}

/// <summary>A collection expression declared as a read-only interface. Its own type cannot be named; an array serves as well.</summary>
internal sealed class CollectionExpressionPlan<T> : TreePlan
{
    internal override object? MapObject(object value, TreeRun run)
    {
        if (!run.Enter(value, out int position, out object? copy))
            return copy;
        copy = ((IEnumerable<T>)value).Select(item => TreePlan<T>.Instance.Map(item, run)).ToArray();
        run.Leave(position, copy);
        return copy;
    }

    internal override void VisitObject(object value, TreeRun run)
    {
        if (!run.Enter(value, out int position, out _))
            return;
        foreach (T item in (IEnumerable<T>)value)
            TreePlan<T>.Instance.Visit(item, run);
        run.Leave(position, value);
    }
}

internal sealed class PackedSequencePlan : ObjectPlan<PackedSequence>
{
    protected override PackedSequence Copy(PackedSequence value, TreeRun run) => PackedSequences.Map(value, run.MapUnshared)!;

    protected override void VisitInside(PackedSequence value, TreeRun run) => run.Visit(value);
}

/// <summary>A type that a user has told how to take apart.</summary>
internal sealed class RegisteredPlan<T>(Func<T, IReadOnlyList<object?>> takeApart, Func<T, IReadOnlyList<object?>, T> rebuild) : TreePlan<T>
{
    internal override T Map(T value, TreeRun run)
    {
        if (value is null)
            return value;
        if (value.GetType() != typeof(T))
            return Fit(For(value.GetType()).MapObject(value, run), value);
        if (typeof(T).IsValueType)
            return Rebuild(value, run);
        if (!run.Enter(value, out int position, out object? known))
            return (T)known;
        T? copy = Rebuild(value, run);
        run.Leave(position, copy);
        return copy;
    }

    internal override void Visit(T value, TreeRun run)
    {
        if (value is null)
            return;
        if (value.GetType() != typeof(T))
        {
            For(value.GetType()).VisitObject(value, run);
            return;
        }

        if (!run.Enter(value, out int position, out _))
            return;
        foreach (object? part in takeApart(value))
            TreePlan<object?>.Instance.Visit(part, run);
        run.Leave(position, value);
    }

    private T Rebuild(T value, TreeRun run) =>
        rebuild(value, [.. takeApart(value).Select(part => TreePlan<object?>.Instance.Map(part, run))]);
}
