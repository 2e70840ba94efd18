using static TorchSharp.torch.nn.utils.rnn;

namespace NetHook;

/// <summary>Marks the plans of a list or dictionary: the items' type is the last type argument.</summary>
internal interface IContainer;

/// <summary>Marks the plans of types that a user has told how to take apart.</summary>
internal interface IRegistered;

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

internal sealed class ListPlan<T> : ObjectPlan<List<T>>, IContainer
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

/// <summary>A dictionary: its keys are kept, its values are taken apart.</summary>
internal sealed class DictionaryPlan<TKey, T> : ObjectPlan<Dictionary<TKey, T>>, IContainer
    where TKey : notnull
{
    protected override Dictionary<TKey, T> Copy(Dictionary<TKey, T> value, TreeRun run)
    {
        var copy = new Dictionary<TKey, T>(value.Count, value.Comparer);
        foreach ((TKey key, T item) in value)
            copy.Add(key, TreePlan<T>.Instance.Map(item, run));
        return copy;
    }

    protected override void VisitInside(Dictionary<TKey, T> value, TreeRun run)
    {
        foreach (T item in value.Values)
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
internal sealed class RegisteredPlan<T>(Func<T, IReadOnlyList<object?>> takeApart, Func<T, IReadOnlyList<object?>, T> rebuild) : TreePlan<T>, IRegistered
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
