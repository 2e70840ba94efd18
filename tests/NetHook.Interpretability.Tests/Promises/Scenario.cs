namespace NetHook.Interpretability.Tests;

/// <summary>How a case of the table goes.</summary>
public enum Scenario
{
    /// <summary>Nothing goes wrong.</summary>
    Fine,

    /// <summary>The operation is asked for something that cannot be.</summary>
    BadArgument,

    /// <summary>A layer of the model throws.</summary>
    ModelThrows,

    /// <summary>An edit that is attached to the model throws.</summary>
    EditThrows,

    /// <summary>The work is cancelled, before it begins or in a pass.</summary>
    Cancelled,

    /// <summary>Whatever the caller made beside the model, traces among it, is disposed in a pass.</summary>
    DisposedInTheMiddle,

    /// <summary>The model is disposed in a pass: nothing is left of it, and of what was attached to it.</summary>
    ModelDisposedInTheMiddle,
}
