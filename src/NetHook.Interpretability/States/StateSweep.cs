using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// Puts states of one run into another, at one token and a window of layers at a time, for every token and layer, and
/// measures what the model then says.
/// </summary>
/// <remarks>
/// All tokens of one window go through the model as one batch (or a few, where there are many), and start where they begin
/// to differ from the run that they are put into: the layers before it are not computed again, and of the last layers only
/// what the measure reads, the logits behind the last token.
/// </remarks>
/// <param name="model">The model.</param>
/// <param name="window">Which states are put in.</param>
/// <param name="sever">Which modules of the changed token give what they gave in the run, at every layer; null for none.</param>
/// <param name="mostPositions">How many tokens go through the model at once.</param>
internal sealed class StateSweep(LaidOutModel model, LayerWindow window, StateKind? sever = null, int mostPositions = StateSweep.MostPositions)
{
    private readonly string[] _paths = RecordedStates.Paths(model.Layout, window.Kind);
    private readonly string[] _severed = sever is { } kind ? RecordedStates.Paths(model.Layout, kind) : [];

    // Larger batches gain nothing on a CPU, and cost memory.
    private const int MostPositions = 4096;

    /// <summary>Runs the sweep.</summary>
    /// <param name="run">The run to be changed, of a batch of rows.</param>
    /// <param name="source">The run that the states come from, of one row, with as many tokens.</param>
    /// <param name="tokens">The positions to be changed, one at a time.</param>
    /// <param name="measure">From logits <c>[changes, rows, vocabulary]</c> to the measure <c>[changes]</c>.</param>
    /// <param name="progress">Gets the share of the work that is done, 0 to 1.</param>
    /// <param name="cancellation">Ends the sweep between two batches.</param>
    /// <returns>The measure for each of <paramref name="tokens"/>, at each layer.</returns>
    public StateGrid Run(
        RecordedStates run, RecordedStates source, int[] tokens, Func<Tensor, Tensor> measure, IProgress<double>? progress, CancellationToken cancellation)
    {
        (long rows, long length) = (run.ResidualPre[0].shape[0], run.ResidualPre[0].shape[1]);
        int size = (int)Math.Max(1, mostPositions / (rows * length));
        double[] result = new double[tokens.Length * window.Layers];
        for (int layer = 0; layer < window.Layers; layer++)
        {
            int done = 0;
            foreach (int[] chunk in tokens.Chunk(size))
            {
                cancellation.ThrowIfCancellationRequested();
                using DisposeScope scope = NewDisposeScope();
                Tensor changed = tensor(chunk).repeat_interleave(rows).unsqueeze(1) == HeldScalars.Range(length, ScalarType.Int32);
                Tensor logits = Logits(layer, run, source, changed.unsqueeze(2).to(run.Logits.device), chunk.Length);
                Tensor measured = measure(logits.view(chunk.Length, rows, -1)).to(ScalarType.Float64).cpu();
                foreach (double value in measured.data<double>())
                    result[(done++ * window.Layers) + layer] = value;
            }

            progress?.Report((layer + 1.0) / window.Layers);
        }

        return new(tokens.Length, window.Layers, (token, layer) => result[(token * window.Layers) + layer]);
    }

    /// <summary>The logits, <c>[copies · rows, 1, vocabulary]</c>, when the states of the window around a layer are those of the source where <paramref name="changed"/> says so.</summary>
    private Tensor Logits(int layer, RecordedStates run, RecordedStates source, Tensor changed, int copies)
    {
        (int from, int to) = window.Around(layer);
        Tensor[] states = source.States[window.Kind];

        // What a block returns enters the next one: it is changed there, and the block is not run at all. The same with what
        // its MLP returns, if that is added as it is. Attention is read by the MLP of its own block, which must run.
        bool added = window.Kind == StateKind.Mlp && model.Layout.AddsMlpOutput;
        int first = window.Kind == StateKind.Hidden || added ? from + 1 : from;
        Tensor hidden = run.ResidualPre[first].repeat(copies, 1, 1);
        if (window.Kind == StateKind.Hidden)
            hidden = where(changed, states[from], hidden);
        else if (added)
            hidden = hidden.Plus(changed * (states[from] - run.States[window.Kind][from]).repeat(copies, 1, 1));

        var edits = Enumerable.Range(first, to - first).ToDictionary(
            at => _paths[at],
            at => LaidOutModel.Quietly(output: (Tensor output) => where(changed, states[at], output)));

        // Before the first of these layers, the token's modules see what they saw in the run.
        for (int at = first; at < _severed.Length; at++)
        {
            Tensor usual = run.States[sever!.Value][at];
            edits[_severed[at]] = LaidOutModel.Quietly(output: (Tensor output) => where(changed, usual.repeat(copies, 1, 1), output));
        }

        using TraceDict? traces = edits.Count == 0 ? null : new(model.Module, edits);

        // Of the positions behind the last block, the measure reads the last one.
        return model.LogitsFrom(first, hidden, run.Ids.repeat(copies, 1), all => all.narrow(1, -1, 1));
    }
}
