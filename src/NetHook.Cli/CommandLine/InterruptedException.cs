namespace NetHook.Cli;

/// <summary>Work was interrupted, and the message says what is kept of it.</summary>
internal sealed class InterruptedException(string message, CancellationToken cancellation) : OperationCanceledException(message, cancellation);
