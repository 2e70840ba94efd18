using System.Globalization;

namespace NetHook.Interpretability;

/// <summary>A <see cref="CausalTraceJob"/> was cancelled, and what it had done is in a file, from which the same job goes on.</summary>
public sealed class CausalTraceInterruptedException : OperationCanceledException
{
    internal CausalTraceInterruptedException(string path, int facts, int all, CancellationToken cancellation)
        : base(string.Create(CultureInfo.InvariantCulture, $"The job was interrupted. {facts:N0} of {all:N0} facts {(facts == 1 ? "is" : "are")} saved in {path}: the same job goes on from there."), cancellation) =>
        (Path, Facts, AllFacts) = (path, facts, all);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>How many facts it holds.</summary>
    public int Facts { get; }

    /// <summary>How many it is to hold.</summary>
    public int AllFacts { get; }
}
