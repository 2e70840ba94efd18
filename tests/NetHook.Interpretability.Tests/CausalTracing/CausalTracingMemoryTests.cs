using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

[Collection(LiveTensors.Name)]
public sealed class CausalTracingMemoryTests
{
    [Fact]
    public void Tracing_and_patching_leave_no_tensors_and_no_traces()
    {
        using LanguageModel model = Speaking.Model();
        var tracer = new CausalTracer(model);
        var patcher = new ActivationPatcher(model);
        long before = LiveTensors.Count();

        tracer.Trace(Speaking.Prompt, Speaking.Subject);
        tracer.Trace(Speaking.Prompt, Speaking.Subject, new() { Kind = StateKind.Mlp });
        tracer.Trace(Speaking.Prompt, Speaking.Subject, new() { Sever = StateKind.Mlp });
        new CausalTraceJob(model, [new(Speaking.Prompt, Speaking.Subject), new(Speaking.Prompt, Speaking.Subject, "is")], [StateKind.Hidden, StateKind.Mlp]).Run();
        patcher.Patch("The 12 is", "The 34 is", new() { CleanAnswer = "a", CounterfactualAnswer = "b" });
        Assert.ThrowsAny<ArgumentException>(() => tracer.Trace(Speaking.Prompt, Speaking.Subject, new() { Answer = -1 }));

        Assert.Equal(before, Tensor.TotalCount);
        Assert.Empty(model.Model.ActiveTraces());
    }
}
