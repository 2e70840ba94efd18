namespace NetHook.Cli;

/// <summary>What was asked of the tool cannot be done. The message is one line for the user.</summary>
internal sealed class ToolException(string message) : Exception(message);
