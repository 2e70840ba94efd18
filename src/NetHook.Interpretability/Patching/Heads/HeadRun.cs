using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>A forward pass with parts of its heads. The tensors belong to the dispose scope in which it was recorded.</summary>
/// <param name="States">The residual stream and the logits.</param>
/// <param name="Parts">Each part, by layer, <c>[1, heads, tokens, ...]</c>.</param>
internal sealed record HeadRun(RecordedStates States, IReadOnlyDictionary<HeadPart, Tensor[]> Parts)
{
    /// <summary>Runs the model once.</summary>
    /// <exception cref="LayoutException">A place of the layout gives another shape than it should.</exception>
    /// <exception cref="NonFiniteException">The logits are not finite.</exception>
    public static HeadRun Of(LaidOutModel model, IReadOnlyList<HeadPart> parts, Tensor ids)
    {
        var paths = parts.Distinct().ToDictionary(part => part, part => HeadParts.Paths(model.Layout, part));
        using var places = new TraceDict(model.Module, paths.Values.SelectMany(all => all).Distinct(), new() { Scope = TraceScope.CurrentFlow });
        var states = RecordedStates.Of(model, [], ids);
        Dictionary<HeadPart, Tensor[]> found = [];
        foreach ((HeadPart part, string[] all) in paths)
        {
            found[part] = [.. all.Select(path => places[path].Output)];
            HeadParts.Check(part, all[0], found[part][0], ids);
        }

        return new(states, found);
    }
}
