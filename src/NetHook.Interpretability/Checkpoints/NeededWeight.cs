namespace NetHook.Interpretability;

/// <summary>A weight that a model is to have, before there is the model.</summary>
/// <param name="Name">The parameter's name.</param>
/// <param name="Shape">Its shape, as the settings ask for it.</param>
/// <param name="Keys">The keys that checkpoints hold it under, the usual one first; the first one that is there counts.</param>
internal sealed record NeededWeight(string Name, long[] Shape, params string[] Keys);
