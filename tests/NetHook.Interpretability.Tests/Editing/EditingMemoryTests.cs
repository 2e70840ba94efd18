using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

[Collection(LiveTensors.Name)]
public sealed class EditingMemoryTests
{
    [Fact]
    public void Editing_leaves_no_tensors_and_no_traces()
    {
        using LanguageModel model = Speaking.Model();
        long before = Tensor.TotalCount;

        using (RunningSecondMoment keys = KeyStatistics.Collect(model, 0, Editing.Text))
        {
            var editor = new RomeEditor(model, keys, Editing.Options with { Prefixes = null, PrefixLengths = [3, 3] });
            EditEvaluation.Run(model, editor, [new() { Request = Editing.Request, TrueAnswer = " a", Paraphrases = ["x"] }]);
            using RomeEdit edit = editor.Find(Editing.Request);
            using (edit.ApplyTo(model.Model))
            {
            }

            Assert.ThrowsAny<ArgumentException>(() => editor.Find(new("x {}", "", "y")));
            Assert.Throws<OperationCanceledException>(() => editor.Find(Editing.Request, cancellation: new(canceled: true)));
            Assert.Throws<OperationCanceledException>(() => KeyStatistics.Collect(model, 1, "x", cancellation: new(canceled: true)));
        }

        Assert.Equal(before, Tensor.TotalCount);
        Assert.Empty(model.Model.ActiveTraces());
    }
}
