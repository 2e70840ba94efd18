using System.Runtime.InteropServices;

namespace NetHook.Cli;

/// <summary>
/// Turns the first Ctrl-C (or a request to terminate) into a cancellation, so that files are left complete or not at all.
/// A second one ends the process at once.
/// </summary>
internal sealed class Interruption : IDisposable
{
    // 128 + SIGTERM; Tool.Interrupted is 128 + SIGINT.
    private const int Terminated = 143;

    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;

    public Interruption() =>
        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel)];

    public CancellationToken Token => _source.Token;

    /// <summary>The exit code of a process that a signal ended, as shells have it.</summary>
    public int ExitCode { get; private set; } = Tool.Interrupted;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
        _source.Dispose();
    }

    private void Cancel(PosixSignalContext signal)
    {
        signal.Cancel = !_source.IsCancellationRequested;
        ExitCode = signal.Signal == PosixSignal.SIGTERM ? Terminated : Tool.Interrupted;
        _source.Cancel();
    }
}
