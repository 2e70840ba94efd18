namespace NetHook.Interpretability;

/// <summary>An option of an analysis has a value that it cannot have. <see cref="ArgumentException.ParamName"/> is the option's name.</summary>
public sealed class OptionException : ArgumentOutOfRangeException
{
    internal OptionException(string option, object? value, string message)
        : base(option, value, message)
    {
    }
}
