using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>An edit of one layer: which option it stands in, which value it edits, and where. One for each edit, by which its runs are known.</summary>
internal sealed class EditSite(string option, string value, string result, string layer, Module module)
{
    /// <summary>The option: EditInput, EditOutput or EditGradient.</summary>
    public string Option { get; } = option;

    /// <summary>The value edited: input, output or gradient.</summary>
    public string Value { get; } = value;

    /// <summary>What the edit must return, in words.</summary>
    public string Result { get; } = result;

    public string Layer { get; } = layer;

    public Module Module { get; } = module;

    public static EditSite OfInput(string layer, Module module) => new("EditInput", "input", "what the layer takes", layer, module);

    public static EditSite OfOutput(string layer, Module module) => new("EditOutput", "output", "what the layer returns", layer, module);

    public static EditSite OfGradient(string layer, Module module) => new("EditGradient", "gradient", "the type of a gradient", layer, module);

    public override string ToString() => $"{Option} of layer {Sentences.Layer(Layer, Module)}";

    public InvalidOperationException CallsItself() => new(
        $"{this} made that layer run again by call(), which calls the edit again, without end. In the edit, run the layer by "
        + "forward(), which runs no hooks; run the whole model outside of the edit, or a DeepCopy() of it, which has no traces.");

    public InvalidOperationException ReturnedDisposed() => new(
        $"{this} returned a tensor that is disposed. If the edit works in a dispose scope of its own, return "
        + "result.MoveToOuterDisposeScope(); if it disposes what it was given, return another tensor.");

    public InvalidOperationException DisposedAndReturnedNull() => new(
        $"{this} disposed the {Value} that it was given and returned null, which leaves the {Value} as it is. Return another tensor, or leave the {Value} alive.");
}
