namespace NetHook.Interpretability;

internal static class Evaluation
{
    /// <summary>Dropout would make every run another one.</summary>
    public static void Require(Gpt2 model)
    {
        if (model.training)
            throw new InvalidOperationException("The model is in training mode, in which dropout changes every run. Call eval() first.");
    }
}
