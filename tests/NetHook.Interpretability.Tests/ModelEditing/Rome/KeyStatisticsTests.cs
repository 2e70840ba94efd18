using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class KeyStatisticsTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly LanguageModel _model = Speaking.Model();

    [Fact]
    public void Second_moment_is_that_of_what_the_projection_gets()
    {
        Reports reports = [];

        using RunningSecondMoment keys = KeyStatistics.Collect(_model, 1, Editing.Text, reports);

        List<Tensor> rows = [];
        using var trace = new Trace(_model.Model, "transformer.h.1.mlp.c_proj", new() { RetainInput = true });
        foreach (int[] piece in Speaking.Tokenizer.Encode(Editing.Text).Chunk(Speaking.Config.NPositions))
        {
            _model.Model.call(tensor([.. piece.Select(id => (long)id)]).unsqueeze(0));
            rows.Add(trace.Input[0].to(ScalarType.Float64));
        }

        Tensor all = cat(rows);
        Assert.Equal(Speaking.Tokenizer.Encode(Editing.Text).Count, keys.Count);
        Assert.True(keys.SecondMoment().allclose(all.t().matmul(all) / all.shape[0], 1e-4, 1e-5));
        Assert.Equal(1, reports[^1]);
    }

    [Fact]
    public void Layers_behind_are_not_run()
    {
        using var trace = new Trace(_model.Model, "transformer.h.2");

        using RunningSecondMoment keys = KeyStatistics.Collect(_model, 1, Editing.Text);

        Assert.Equal(0, trace.CallCount);
    }

    [Fact]
    public void No_text_and_no_such_layer_are_refused()
    {
        Assert.Throws<ArgumentException>(() => KeyStatistics.Collect(_model, 1, ""));
        Assert.Throws<ArgumentOutOfRangeException>(() => KeyStatistics.Collect(_model, 3, "x"));
    }

    public void Dispose()
    {
        _model.Dispose();
        _scope.Dispose();
    }
}
