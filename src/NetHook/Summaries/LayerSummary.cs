namespace NetHook;

/// <summary>One layer in a <see cref="ModelSummary"/>.</summary>
/// <param name="Path">The layer's path below the model; empty for the model itself.</param>
/// <param name="Type">The layer's type, as it is written in C#.</param>
/// <param name="Output">
/// The shapes of the tensors that the layer returned at its last call, such as <c>[2, 9, 768]</c>; several in
/// parentheses; empty when it did not run, ran where hooks are not seen, or returned an object of which it is not known
/// where its tensors are (<see cref="TensorTree.Register{T}"/> can say it).
/// </param>
/// <param name="Parameters">How many numbers the parameters of the layer and of what is below it hold, each parameter counted once.</param>
/// <param name="Calls">How often the layer ran.</param>
/// <param name="Time">
/// How long these calls took together, including the layers inside and the measuring itself. On a GPU, which works
/// behind the program's back, this is the time to launch the work.
/// </param>
/// <param name="SharedWith">The first path of this same module, when it has several and this is not the first.</param>
public sealed record LayerSummary(string Path, string Type, string Output, long Parameters, long Calls, TimeSpan Time, string? SharedWith)
{
    /// <summary>How many layers are around this one; 0 for the model itself.</summary>
    public int Depth { get; init; }

    /// <summary>The layer's name in its parent; empty for the model itself.</summary>
    public string Name { get; init; } = "";
}
