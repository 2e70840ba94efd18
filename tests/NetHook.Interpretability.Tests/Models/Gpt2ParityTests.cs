using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class Gpt2ParityTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly Gpt2 _model = Gpt2.FromPretrained(Parity.Folder);
    private readonly Dictionary<string, Tensor> _recorded = SafetensorsFile.Load(Parity.Recorded);

    [Fact]
    public void Logits_agree_with_the_original()
    {
        Tensor logits = _model.call(_recorded["input_ids"]);

        Assert.InRange(Parity.Distance(logits, _recorded["result"]), 0, 1e-5);
    }

    [Fact]
    public void Every_recorded_layer_agrees_with_the_original()
    {
        string[] layers = [.. _recorded.Keys.Where(key => key.StartsWith("output/", StringComparison.Ordinal)).Select(key => key["output/".Length..])];
        using var traces = new TraceDict(_model, layers);

        _model.call(_recorded["input_ids"]);

        Assert.Equal(11, layers.Length);
        Assert.All(traces, pair => Assert.InRange(Parity.Distance(pair.Value.Output, _recorded["output/" + pair.Key]), 0, 1e-5));
    }

    public void Dispose()
    {
        _model.Dispose();
        _scope.Dispose();
    }
}
