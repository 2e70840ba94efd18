namespace NetHook;

/// <summary>One call of a layer, as kept: its number, its input, its output. Immutable once it is published.</summary>
internal class Capture(object? input, object? output)
{
    /// <summary>Stands for the input of a call that began before the trace could see it.</summary>
    public static readonly object NotSeen = new();

    /// <summary>Which call it is, counted from 0 since the trace was made.</summary>
    public long Number { get; set; }

    /// <summary>The number of the first call after the trace was last cleared.</summary>
    public long First { get; set; }

    public object? Input { get; } = input;

    public object? Output { get; } = output;

    /// <summary>The step of a longer computation that the call belongs to, or null.</summary>
    public virtual PassStep? Step => null;

    /// <summary>How many calls there were since the trace was cleared, this one included.</summary>
    public long Count => Number + 1 - First;

    /// <summary>A capture of a call that is made now. One that is no step of anything is smaller.</summary>
    public static Capture OfCall(object? input, object? output) =>
        PassStep.Current is { } step ? new OfStep(input, output, step) : new Capture(input, output);

    public void Free()
    {
        Captures.Free(Input);
        Captures.Free(Output);
    }

    private sealed class OfStep(object? input, object? output, PassStep step) : Capture(input, output)
    {
        public override PassStep? Step => step;
    }
}
