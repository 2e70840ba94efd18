using static TorchSharp.torch;

namespace NetHook.Interpretability;

internal static class EvalMode
{
    /// <summary>Dropout would make every run another one.</summary>
    /// <exception cref="InvalidOperationException">The model is in training mode.</exception>
    public static void Require(nn.Module model)
    {
        if (model.training)
            throw new InvalidOperationException("The model is in training mode, in which dropout changes every run. Call eval() first.");
    }
}
