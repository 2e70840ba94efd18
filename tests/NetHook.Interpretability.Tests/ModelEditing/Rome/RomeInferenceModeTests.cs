using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class RomeInferenceModeTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly LanguageModel _model = Speaking.Model();

    [Fact]
    public void An_edit_found_in_inference_mode_is_the_same()
    {
        using RunningSecondMoment keys = KeyStatistics.Collect(_model, 0, Editing.Text);
        using RomeEdit expected = new RomeEditor(_model, keys, Editing.Options).Find(Editing.Request);

        RomeEdit edit;
        using (inference_mode())
            edit = new RomeEditor(_model, keys, Editing.Options).Find(Editing.Request);

        Assert.Equal(0, Parity.Distance(edit.Delta(), expected.Delta()));
        edit.ApplyPermanentlyTo(_model.Model);
        edit.Dispose();
    }

    public void Dispose()
    {
        _model.Dispose();
        _scope.Dispose();
    }
}
