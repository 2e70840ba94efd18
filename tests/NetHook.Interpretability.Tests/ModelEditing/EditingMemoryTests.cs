using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

[Collection(LiveTensors.Name)]
public sealed class EditingMemoryTests
{
    [Fact]
    public void Editing_leaves_no_tensors_and_no_traces()
    {
        using LanguageModel model = Speaking.Model();
        long before = LiveTensors.Count();

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

    [Fact]
    public void Every_further_edit_leaves_as_many_tensors_as_the_first()
    {
        using LanguageModel model = Speaking.Model();
        using RunningSecondMoment keys = KeyStatistics.Collect(model, 0, Editing.Text);
        var editor = new RomeEditor(model, keys, Editing.Options with { Steps = 5 });
        EditCase asked = new() { Request = Editing.Request, TrueAnswer = " a", Neighbours = [new("The isle is", " Paris")] };
        long before = LiveTensors.Count();

        for (int i = 0; i < 2; i++)
        {
            editor.Find(Editing.Request).Dispose();
            EditEvaluation.Run(model, editor, [asked]);

            // Without the garbage collector: what is done with is freed at once.
            Assert.Equal(before, Tensor.TotalCount);
        }
    }
}
