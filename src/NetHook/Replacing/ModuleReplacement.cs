using TorchSharp;
using static TorchSharp.torch;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>
/// A replacement for a while: disposing it puts the replaced module back in every place that it was taken from, whatever is
/// there by then. It disposes neither module. Of replacements of the same layer, the last is to be undone first.
/// </summary>
/// <remarks>Not thread-safe; no other thread may run the model meanwhile.</remarks>
public sealed class ModuleReplacement : IDisposable, IAttachedToModel
{
    private readonly IReadOnlyList<Change> _changes;
    private bool _undone;

    internal ModuleReplacement(string name, Module replaced, Module replacement, IReadOnlyList<Change> changes) =>
        (Name, Replaced, Replacement, _changes) = (name, replaced, replacement, changes);

    /// <summary>The name of the layer.</summary>
    public string Name { get; }

    /// <summary>The module that comes back. While it is out, nothing done to the model reaches it: neither <c>to()</c> nor <c>train()</c>.</summary>
    public Module Replaced { get; }

    /// <summary>The module that takes its place meanwhile.</summary>
    public Module Replacement { get; }

    /// <summary>Puts the replaced module back. Doing so again does nothing.</summary>
    public void Dispose()
    {
        if (_undone)
            return;
        _undone = true;
        foreach (Change change in _changes.Reverse())
            change.Undo();
    }
}
