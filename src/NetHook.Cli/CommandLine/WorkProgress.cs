using Spectre.Console;

namespace NetHook.Cli;

/// <summary>A progress bar on standard error, where that is a terminal.</summary>
internal static class WorkProgress
{
    /// <summary>Does a piece of work.</summary>
    public static T Show<T>(ToolContext context, string what, Func<IProgress<double>, T> work)
    {
        if (!context.Error.Profile.Capabilities.Interactive)
            return work(new Part(null, 0, 1));
        return context.Error.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(progress => work(new Part(progress.AddTask(what, maxValue: 1), 0, 1)));
    }

    /// <summary>Does several pieces of work of the same size, one after another.</summary>
    public static IReadOnlyList<TResult> Show<T, TResult>(
        ToolContext context, string what, IReadOnlyList<T> pieces, Func<T, IProgress<double>, TResult> work) =>
        Show(context, what, progress => (IReadOnlyList<TResult>)
            [.. pieces.Select((piece, i) => work(piece, ((Part)progress).Of(i, pieces.Count)))]);

    // Progress<T> would report later and from other threads.
    private sealed class Part(ProgressTask? task, double from, double size) : IProgress<double>
    {
        public void Report(double value) => task?.Value(from + (size * value));

        public Part Of(int index, int count) => new(task, from + (size * index / count), size / count);
    }
}
