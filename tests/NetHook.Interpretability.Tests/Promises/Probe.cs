using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>Counts what a case passes through, and does something the n-th time.</summary>
internal sealed class Probe
{
    private Action? _then;
    private int _at;

    /// <summary>How often it was passed since it was set.</summary>
    public int Passes { get; private set; }

    public void Set(int at, Action? then) => (Passes, _at, _then) = (0, at, then);

    public void Pass()
    {
        if (++Passes == _at)
            _then?.Invoke();
    }
}

/// <summary>An activation that a probe sees. Copies of a model have the same probe.</summary>
internal sealed class ProbedLayer() : nn.Module<Tensor, Tensor>(nameof(ProbedLayer))
{
    public static Probe Probe { get; } = new();

    public override Tensor forward(Tensor input)
    {
        Probe.Pass();
        return nn.functional.gelu(input);
    }
}

/// <summary>What a probe throws.</summary>
internal sealed class ProbeException() : Exception("thrown by the test");
