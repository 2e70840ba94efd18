using System.Collections.Concurrent;

namespace NetHook;

/// <summary>How values of one type are taken apart into tensors and rebuilt. Made once per type.</summary>
internal abstract class TreePlan
{
    private static readonly ConcurrentDictionary<Type, TreePlan> Plans = new();

    /// <summary>The plan for values whose own type, not a base type, is <paramref name="type"/>.</summary>
    internal static TreePlan For(Type type) => Plans.TryGetValue(type, out TreePlan? plan) ? plan : Plans.GetOrAdd(type, TreePlans.MakeForObject);

    internal abstract object? MapObject(object value, TreeRun run);

    internal abstract void VisitObject(object value, TreeRun run);

    /// <summary>A registration takes the place of whatever was known of the type.</summary>
    private protected static void Replace(Type type, TreePlan plan) => Plans[type] = plan;
}

/// <summary>How values declared as <typeparamref name="T"/> are taken apart into tensors and rebuilt.</summary>
internal abstract class TreePlan<T> : TreePlan
{
    private static TreePlan<T>? _instance;

    /// <summary>Asked for at each use, not kept, so that a registration is seen at once.</summary>
    internal static TreePlan<T> Instance => _instance ?? MakeInstance();

    internal static void Register(TreePlan<T> plan)
    {
        _instance = plan;
        Replace(typeof(T), plan);
    }

    internal abstract T Map(T value, TreeRun run);

    internal abstract void Visit(T value, TreeRun run);

    internal sealed override object? MapObject(object value, TreeRun run) => Map((T)value, run);

    internal sealed override void VisitObject(object value, TreeRun run) => Visit((T)value, run);

    // A registration that comes first stays.
    private static TreePlan<T> MakeInstance()
    {
        TreePlan<T> made = TreePlans.Make<T>();
        return Interlocked.CompareExchange(ref _instance, made, null) ?? made;
    }

    /// <summary>What was made in place of a value, as the type that its place is declared to have.</summary>
    private protected static T Fit(object? made, object original)
    {
        if (made is T fits)
            return fits;
        Type? madeType = made?.GetType();
        if (madeType is null && default(T) is null)
            return default!;
        throw new InvalidOperationException(
            $"A {TypeNames.Of(original)} stands where a {TypeNames.Of(typeof(T))} is declared, and what is made of it "
            + $"({(madeType is null ? "null" : $"a {TypeNames.Of(madeType)}")}) is none. Declare a base type of both.");
    }
}
