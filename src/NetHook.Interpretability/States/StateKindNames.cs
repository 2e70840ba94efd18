namespace NetHook.Interpretability;

/// <summary>How a text names the states that an experiment put in.</summary>
internal static class StateKindNames
{
    /// <summary>"MLP outputs of 3 layers at one token".</summary>
    public static string Of(StateKind kind, int window)
    {
        string states = kind switch
        {
            StateKind.Mlp => "MLP outputs",
            StateKind.Attention => "attention outputs",
            _ => "hidden states",
        };
        return $"{states} of {(window == 1 ? "one layer" : $"{window} layers")} at one token";
    }
}
