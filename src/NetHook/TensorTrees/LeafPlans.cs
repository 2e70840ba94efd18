using static TorchSharp.torch;

namespace NetHook;

/// <summary>A tensor, or a subclass of it.</summary>
internal sealed class TensorPlan<T> : TreePlan<T>
{
    internal override T Map(T value, TreeRun run) => value is Tensor tensor ? Fit(run.Map(tensor), tensor) : value;

    internal override void Visit(T value, TreeRun run)
    {
        if (value is Tensor tensor)
            run.Visit(tensor);
    }
}

/// <summary>What can hold no tensor is passed on as it is.</summary>
internal sealed class PassingPlan<T> : TreePlan<T>
{
    internal override T Map(T value, TreeRun run) => value;

    internal override void Visit(T value, TreeRun run)
    {
    }
}

internal sealed class NullablePlan<T> : TreePlan<T?>
    where T : struct
{
    internal override T? Map(T? value, TreeRun run) => value is { } present ? TreePlan<T>.Instance.Map(present, run) : null;

    internal override void Visit(T? value, TreeRun run)
    {
        if (value is { } present)
            TreePlan<T>.Instance.Visit(present, run);
    }
}

/// <summary>Declared as an interface or a base class: the value's own type decides.</summary>
internal sealed class ByOwnTypePlan<T> : TreePlan<T>
{
    internal override T Map(T value, TreeRun run) => value switch
    {
        null => value,
        Tensor tensor => Fit(run.Map(tensor), tensor),
        _ => Fit(PlanFor(value) is { } plan ? plan.MapObject(value, run) : run.MapUnknown(value), value),
    };

    internal override void Visit(T value, TreeRun run)
    {
        if (value is Tensor tensor)
            run.Visit(tensor);
        else if (value is not null && PlanFor(value) is { } plan)
            plan.VisitObject(value, run);
        else if (value is not null)
            run.VisitUnknown(value);
    }

    /// <summary>The plan of the value's own type; null if that is this plan, which knows no more.</summary>
    private TreePlan? PlanFor(object value)
    {
        TreePlan plan = For(value.GetType());
        return plan != this ? plan : null;
    }
}
