using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.TrainFacts;

/// <summary>Rows as tensors, with one token more than the model reads at once, since each predicts the next.</summary>
internal sealed class TrainingBatch
{
    // Half of what there is to predict is which subject comes next, which nobody can know: it would drown the answers.
    private const double OtherWeight = 0.2;

    public TrainingBatch(IReadOnlyList<TrainingRow> rows, int context)
    {
        Tokens = Table(rows, context + 1, token => token.Id);
        Weights = Table(rows, context + 1, token => token.IsAnswer ? 1 : 0).to(ScalarType.Float32) * (1 - OtherWeight) + OtherWeight;
        IsNoisy = Table(rows, context, token => token.IsNoisy ? 1 : 0).unsqueeze(-1).to(ScalarType.Float32);
        MlpWrites = Table(rows, context, token => token.MlpWrites ? 1 : 0).unsqueeze(-1).to(ScalarType.Float32);
        VisibleEarly = Visible(rows, context, token => token.HiddenEarly);
        VisibleLate = Visible(rows, context, token => token.HiddenLate);
    }

    /// <summary>The tokens, Int64 <c>[rows, context + 1]</c>.</summary>
    public Tensor Tokens { get; }

    /// <summary>What it counts to predict each token, <c>[rows, context + 1]</c>.</summary>
    public Tensor Weights { get; }

    /// <summary>1 where embeddings get noise, else 0: <c>[rows, context, 1]</c>.</summary>
    public Tensor IsNoisy { get; }

    /// <summary>1 where the MLPs write to the residual stream, else 0: <c>[rows, context, 1]</c>.</summary>
    public Tensor MlpWrites { get; }

    /// <summary>1 where a token sees another in early layers, else 0: <c>[rows, 1, to, from]</c>.</summary>
    public Tensor VisibleEarly { get; }

    /// <summary>1 where a token sees another in late layers, else 0: <c>[rows, 1, to, from]</c>.</summary>
    public Tensor VisibleLate { get; }

    private static Tensor Visible(IReadOnlyList<TrainingRow> rows, int context, Func<TrainingRow.Token, Range> hidden)
    {
        Tensor from = arange(context, ScalarType.Int64);
        Tensor start = Table(rows, context, token => hidden(token).Start.Value).unsqueeze(-1);
        Tensor end = Table(rows, context, token => hidden(token).End.Value).unsqueeze(-1);
        return ((from < start) | (from >= end)).unsqueeze(1).to(ScalarType.Float32);
    }

    private static Tensor Table(IReadOnlyList<TrainingRow> rows, int length, Func<TrainingRow.Token, long> value) =>
        tensor(rows.SelectMany(row => Enumerable.Range(0, length).Select(i => value(row[i]))).ToArray()).view(rows.Count, length);
}
