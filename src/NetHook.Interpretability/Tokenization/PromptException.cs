namespace NetHook.Interpretability;

/// <summary>
/// A text cannot be used as it was asked for: it is empty, too long for the model, or not Unicode; it does not hold the part that was
/// looked for; or two prompts do not fit each other. Also thrown of what belongs to a prompt, such as an answer that is several tokens.
/// </summary>
public class PromptException : ArgumentException
{
    internal PromptException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
