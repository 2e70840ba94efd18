using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class CausalTraceParityTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly Gpt2 _model = Gpt2.FromPretrained(Parity.Folder);
    private readonly Dictionary<string, Tensor> _recorded = SafetensorsFile.Load(Parity.Recorded);
    private readonly JsonElement _settings = JsonDocument.Parse(File.ReadAllBytes(Parity.Folder + ".json")).RootElement;

    [Theory]
    [InlineData(StateKind.Hidden, "hidden")]
    [InlineData(StateKind.Mlp, "mlp")]
    [InlineData(StateKind.Attention, "attn")]
    public void Grid_agrees_with_the_original(StateKind kind, string name)
    {
        CausalTrace trace = Trace(kind, _settings.GetProperty("windows").GetProperty(name).GetInt32());

        Tensor expected = _recorded["causal/" + name];
        Assert.Equal((expected.shape[0], expected.shape[1]), (trace.Probabilities.Tokens, trace.Probabilities.Layers));
        Assert.InRange(Parity.Distance(tensor(trace.Probabilities.Values.ToArray(), expected.shape, ScalarType.Float32), expected), 0, 1e-5);
    }

    [Fact]
    public void Answer_and_probabilities_agree_with_the_original()
    {
        CausalTrace trace = Trace(StateKind.Hidden, 1);

        float[] expected = [.. _recorded["causal/clean_corrupted"].data<float>()];
        Assert.Equal(_settings.GetProperty("answer").GetInt32(), trace.Answer);
        Assert.Equal(expected[0], trace.CleanProbability, 1e-5);
        Assert.Equal(expected[1], trace.CorruptedProbability, 1e-5);
    }

    public void Dispose()
    {
        _model.Dispose();
        _scope.Dispose();
    }

    private CausalTrace Trace(StateKind kind, int window)
    {
        JsonElement subject = _settings.GetProperty("subject");
        int[] tokens = [.. _recorded["causal/prompt"].data<long>().Select(id => (int)id)];
        return new CausalTracer(_model, _model.Layout).Trace(
            tokens, subject[0].GetInt32()..subject[1].GetInt32(), _recorded["causal/noise"], new() { Kind = kind, Window = window });
    }
}
