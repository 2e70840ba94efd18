namespace NetHook.Interpretability;

/// <summary>How a text names the states that an experiment put in.</summary>
internal static class StateKindNames
{
    /// <summary>"MLP outputs of one token (down) at 3 layers (across)".</summary>
    public static string Of(StateKind kind, int window)
    {
        string states = kind switch
        {
            StateKind.Mlp => "MLP outputs",
            StateKind.Attention => "attention outputs",
            _ => "hidden states",
        };
        return $"{states} of one token (down) at {(window == 1 ? "one layer" : $"{window} layers")} (across)";
    }
}
