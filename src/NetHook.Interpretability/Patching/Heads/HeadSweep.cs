using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>Some positions of one head, whose part is changed.</summary>
/// <param name="Head">The head in its layer.</param>
/// <param name="Positions">The positions in the counterfactual prompt.</param>
internal readonly record struct HeadChange(int Head, int[] Positions);

/// <summary>
/// Puts parts of heads of the clean run into the counterfactual one, and measures what the model then says. Each change is a row of a
/// batch, which starts at the block of the change if the model can.
/// </summary>
internal sealed class HeadSweep(LaidOutModel model, HeadRuns runs, HeadPart part)
{
    // Larger batches gain nothing on a CPU, and cost memory.
    private const int MostPositions = 4096;

    /// <summary>Runs changes in one layer.</summary>
    /// <returns>The logit difference with each of them.</returns>
    public IReadOnlyList<double> Run(int layer, IReadOnlyList<HeadChange> changes, CancellationToken cancellation)
    {
        Tensor source = runs.Source[part][layer];
        RecordedStates run = runs.Run.States;
        (long heads, long tokens) = (source.shape[1], source.shape[2]);
        List<double> measured = [];
        foreach (HeadChange[] chunk in changes.Chunk((int)Math.Max(1, MostPositions / tokens)))
        {
            cancellation.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            bool[] mask = new bool[chunk.Length * heads * tokens];
            for (int i = 0; i < chunk.Length; i++)
            {
                foreach (int position in chunk[i].Positions)
                    mask[(((i * heads) + chunk[i].Head) * tokens) + position] = true;
            }

            Tensor changed = tensor(mask, [chunk.Length, heads, tokens, 1]).to(source.device);
            using var edit = new Trace(
                model.Module, HeadParts.Path(model.Layout, part, layer), LaidOutModel.Quietly(output: (Tensor output) => where(changed, source, output)));
            Tensor logits = model.LogitsFrom(
                layer, run.ResidualPre[layer].repeat(chunk.Length, 1, 1), run.Ids.repeat(chunk.Length, 1), all => all.narrow(1, -1, 1));
            measured.AddRange(runs.Measure(logits).cpu().data<double>());
        }

        return measured;
    }
}
