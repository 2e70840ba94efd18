using static TorchSharp.torch.nn;

namespace NetHook;

/// <summary>What a reader asked for: the "output", "input" or "gradient" of a layer. For error messages.</summary>
internal readonly record struct Asked(string Layer, Module Module, string What)
{
    public string Described => MessageText.Layer(Layer, Module);

    public string Subject => $"The {What} of layer {Described}";

    public string Reader => char.ToUpperInvariant(What[0]) + What[1..];
}
