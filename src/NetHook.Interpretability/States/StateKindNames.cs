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

    /// <summary>" and its MLPs severed"; nothing if none are.</summary>
    public static string Severed(StateKind? kind) => kind switch
    {
        null => "",
        StateKind.Mlp => " and its MLPs severed",
        _ => " and its attention severed",
    };
}
