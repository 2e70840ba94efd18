using static TorchSharp.torch.nn;

namespace NetHook;

/// <summary>The edit of a layer's input, ready to be called.</summary>
internal sealed class InputEdit<TInput>(Delegate edit, string layer, Module module)
{
    private readonly EditSite _site = EditSite.OfInput(layer, module);
    private readonly EditOfInput<TInput> _edit = EditBinder.Input<TInput>(edit, layer, module);

    public TInput Apply(TInput input, Module module)
    {
        using var scope = EditScope.Open(_site);
        int empty = EditScope.Empty(input);
        return scope.Close(input, _edit(input, _site.Layer, module), empty);
    }
}

/// <summary>The edit of a layer's output, ready to be called.</summary>
internal sealed class OutputEdit<TInput, TResult>
{
    private readonly EditSite _site;
    private readonly EditOfOutput<TInput, TResult> _edit;

    public OutputEdit(Delegate edit, string layer, Module module)
    {
        _site = EditSite.OfOutput(layer, module);
        _edit = EditBinder.Output<TInput, TResult>(edit, layer, module, out bool takesInput);
        TakesInput = takesInput;
    }

    /// <summary>Whether the edit is given the layer's input.</summary>
    public bool TakesInput { get; }

    public TResult Apply(TResult output, TInput input, Module module)
    {
        using var scope = EditScope.Open(_site);
        int empty = EditScope.Empty(output);
        return scope.Close(output, _edit(output, _site.Layer, input, module), empty);
    }
}
