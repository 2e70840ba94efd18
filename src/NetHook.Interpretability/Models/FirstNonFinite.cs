using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>Finds the layer at which a model's numbers stop being finite.</summary>
internal static class FirstNonFinite
{
    /// <summary>Runs a pass that is known to end in NaN or infinity, with every layer watched.</summary>
    public static NonFiniteException In(Module model, Action forward)
    {
        string? first = null, kind = null;
        void See(Tensor output, string layer)
        {
            if (first is null && Fault(output) is { } fault)
                (first, kind) = (layer, fault);
        }

        Tensor? Watch(Tensor output, string layer)
        {
            See(output, layer);
            return null;
        }

        string[] layers = [.. model.ModuleNames().Where(name => TransformerLayout.ReturnsTensor(model.GetModule(name)))];
        using (IDisposable _ = no_grad())
        using (DisposeScope scope = NewDisposeScope())
        using (var traces = new TraceDict(model, layers, LaidOutModel.Quietly(output: Watch)))
            forward();

        string of = TypeNames.Of(model);
        return first is null
            ? new("", $"The output of {of} is not finite, though that of each of its layers is: look at what it computes between them.")
            : new(first, $"The output of {of} is not finite. It begins at layer '{first}' ({TypeNames.Of(model.GetModule(first))}), whose output holds {kind}{OfWeights(model, first)}.");
    }

    // Masks of -infinity are a part of attention.
    private static string? Fault(Tensor output)
    {
        if (!output.is_floating_point())
            return null;
        using DisposeScope scope = NewDisposeScope();
        return output.isnan().any().item<bool>() ? "NaN" : output.isposinf().any().item<bool>() ? "infinity" : null;
    }

    private static string OfWeights(Module model, string layer)
    {
        using DisposeScope scope = NewDisposeScope();
        string[] faulty = [.. model.GetModule(layer).named_parameters(recurse: false).Where(pair => !pair.parameter.isfinite().all().item<bool>()).Select(pair => pair.name)];
        return faulty.Length == 0 ? "; its own weights are finite" : $", as does its parameter {string.Join(" and ", faulty)}";
    }
}
