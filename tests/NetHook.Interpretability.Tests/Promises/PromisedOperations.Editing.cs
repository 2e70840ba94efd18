using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

// Editing what a model knows.
internal static partial class PromisedOperations
{
    private static IEnumerable<Promised> Editing =>
    [
        new(
            "new RomeEditor(LanguageModel, RunningSecondMoment, RomeOptions, CancellationToken)",
            s =>
            {
                RunningSecondMoment keys = Keys(s);
                return cancellation => Make(new RomeEditor(s.Language, keys, Rome with { Prefixes = null, PrefixLengths = [3, 3] }, cancellation));
            },
            s => Make(new RomeEditor(s.Language, Keys(s), Rome with { Layer = 9 })),
            s => Make(new RomeEditor(s.Language, s.Own(new RunningSecondMoment()), Rome))),
        new(
            "RomeEditor.Find(EditRequest, IProgress<double>, CancellationToken)",
            s =>
            {
                RomeEditor editor = Editor(s);
                return cancellation => editor.Find(Tests.Editing.Easy, cancellation: cancellation).Dispose();
            },
            s => Editor(s).Find(new("x {}", "", "y")),
            s => Editor(s).Find(new("no place", "France", "y"))),
        new(
            "RomeEdit.ApplyTo(Module)",
            s =>
            {
                RomeEdit edit = Edit(s);
                return _ =>
                {
                    using IDisposable applied = edit.ApplyTo(s.Model);
                    s.Pass();
                };
            },
            s => Edit(s).ApplyTo(s.Net),
            s => Edit(s).ApplyTo(null!)),
        new(
            "RomeEdit.ApplyPermanentlyTo(Module)",
            s =>
            {
                RomeEdit edit = Edit(s);
                return _ =>
                {
                    using nn.Module<Tensor, Tensor> copy = s.Model.DeepCopy();
                    edit.ApplyPermanentlyTo(copy);
                    copy.call(s.Ids).Dispose();
                };
            },
            s => Edit(s).ApplyPermanentlyTo(s.Net)),
        new(
            "EditEvaluation.Run(LanguageModel, RomeEditor, IReadOnlyList<EditCase>, IProgress<double>, CancellationToken)",
            s =>
            {
                RomeEditor editor = Editor(s);
                return cancellation => EditEvaluation.Run(s.Language, editor, [Case], cancellation: cancellation);
            },
            s => EditEvaluation.Run(s.Language, Editor(s), [Case, Case with { Request = new("x {}", "", "y") }])),
        new(
            "EditEvaluation.Compare(LanguageModel, LanguageModel, EditCase, CancellationToken)",
            s => cancellation => EditEvaluation.Compare(s.Language, s.Language, Case, cancellation),
            s => EditEvaluation.Compare(s.Language, s.Language, Case with { Neighbours = [new("")] })),
    ];

    private static RomeOptions Rome { get; } = Tests.Editing.Options with { Steps = 3, Prefixes = [""] };

    private static EditCase Case { get; } = new() { Request = Tests.Editing.Easy, Neighbours = [new("The isle of Spain")], Paraphrases = ["The"] };

    private static RunningSecondMoment Keys(PromiseSubject s) => s.Own(KeyStatistics.Collect(s.Language, 0, Tests.Editing.Text));

    private static RomeEditor Editor(PromiseSubject s) => new(s.Language, Keys(s), Rome);

    private static RomeEdit Edit(PromiseSubject s) => s.Own(Editor(s).Find(Tests.Editing.Easy));
}
