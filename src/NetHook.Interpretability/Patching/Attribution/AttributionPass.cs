using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// The counterfactual run with gradients. Row 0 of its batch is the run itself. If queries or keys are estimated, one more row for each
/// meets the clean ones with the run's own keys or queries, at every layer: it gives their exact scores and patterns, whatever the model
/// does between, and nothing of it reaches row 0. The tensors belong to the dispose scope around.
/// </summary>
internal sealed class AttributionPass
{
    private readonly LaidOutModel _model;
    private readonly IReadOnlyDictionary<HeadPart, Tensor[]> _source;
    private readonly DisposeScope _owner;
    private readonly int _rows, _queryRow, _keyRow;
    private readonly Dictionary<string, Probe> _probes = [];
    private readonly Dictionary<string, Tensor> _kept = [];
    private readonly Tensor _logits;

    /// <summary>Runs the model once.</summary>
    public AttributionPass(LaidOutModel model, IReadOnlyList<int> tokens, IReadOnlyDictionary<HeadPart, Tensor[]> source, bool gradDrop, DisposeScope owner)
    {
        (_model, _source, _owner) = (model, source, owner);
        _queryRow = source.ContainsKey(HeadPart.Query) ? 1 : 0;
        _keyRow = source.ContainsKey(HeadPart.Key) ? _queryRow + 1 : 0;
        _rows = 1 + Math.Max(_queryRow, _keyRow);
        Tensor ids = model.Ids(tokens);
        using IDisposable _ = enable_grad();
        using var edits = new TraceDict(model.Module, Edits(gradDrop).GroupBy(edit => edit.Path).ToDictionary(
            group => group.Key, group => LaidOutModel.Quietly(output: group.First().Edit)));
        using var first = new Trace(model.Module, model.Layout.Block(0), new() { RetainInput = true, RetainOutput = false, Scope = TraceScope.CurrentFlow });
        _logits = model.Module.call(ids.repeat(_rows, 1)).narrow(0, 0, 1).select(1, -1);
        model.RequireFinite(_logits[0], ids);
        Tensor[] residual =
        [
            LaidOutModel.EnteringOf(first).detach().narrow(0, 0, 1),
            .. Enumerable.Range(0, model.Layout.Layers).Select(layer => _kept[model.Layout.Block(layer)].narrow(0, 0, 1)),
        ];
        Run = new(new(ids, residual, new Dictionary<StateKind, Tensor[]>(), _logits.detach()), new Dictionary<HeadPart, Tensor[]>());
    }

    /// <summary>What exact patching goes on from.</summary>
    public HeadRun Run { get; }

    /// <summary>The gradient of the logit difference, at every probe. Once.</summary>
    public void Differentiate(int answer, int other, bool keepGraph)
    {
        using IDisposable _ = enable_grad();
        autograd.backward([HeadPrompts.Difference(_logits, answer, other)], retain_graph: keepGraph, inputs: [.. _probes.Values.Select(probe => probe.Zeros!)]);
    }

    /// <summary>
    /// The gradients in the blocks before one, if what that block adds to the residual stream had none: they begin anew at what
    /// entered the block, with the gradient of what it returned.
    /// </summary>
    public void DifferentiateWithout(int block)
    {
        Probe entering = _probes[_model.Layout.Block(block - 1)], returned = _probes[_model.Layout.Block(block)];
        Probe[] before = [.. Enumerable.Range(0, block).SelectMany(ProbesIn)];
        foreach (Probe probe in before)
            probe.Zeros!.grad = null;
        autograd.backward([entering.Value!], [returned.Gradient], retain_graph: true, inputs: [.. before.Select(probe => probe.Zeros!)]);
    }

    /// <summary>The estimated changes in one layer, Float64 <c>[heads, tokens]</c>, by the gradients as they are now.</summary>
    public Tensor Estimate(HeadPart part, int layer)
    {
        Tensor clean = _source[part][layer];
        switch (part)
        {
            case HeadPart.Query:
                return AttributionEstimates.OfPatterns(Row(PatternPath(layer), _queryRow), Row(PatternPath(layer), 0), Gradient(PatternPath(layer)));
            case HeadPart.Key:
                string scores = _model.Layout.AttentionScores(layer);
                return AttributionEstimates.OfKeys(Row(scores, _keyRow), Row(scores, 0), Row(PatternPath(layer), 0), Gradient(PatternPath(layer)));
            default:
                string path = HeadParts.Path(_model.Layout, part, layer);
                return AttributionEstimates.Linear(clean[0], Row(path, 0), Gradient(path));
        }
    }

    private string PatternPath(int layer) => _model.Layout.AttentionPattern(layer);

    private Tensor Row(string path, int row) => _kept[path][row];

    private Tensor Gradient(string path) => _probes[path].Gradient[0];

    private IEnumerable<Probe> ProbesIn(int layer) =>
        Probed(layer).Select(path => _probes[path]).Distinct();

    /// <summary>The layers in a block whose gradients are needed.</summary>
    private IEnumerable<string> Probed(int layer) => _source.Keys
        .Select(part => part is HeadPart.Query or HeadPart.Key ? PatternPath(layer) : HeadParts.Path(_model.Layout, part, layer)).Distinct();

    private IEnumerable<(string Path, Delegate Edit)> Edits(bool gradDrop)
    {
        for (int layer = 0; layer < _model.Layout.Layers; layer++)
        {
            string block = _model.Layout.Block(layer);
            yield return (block, gradDrop ? Probing(block) : Keeping(block));
            foreach (string path in Probed(layer))
                yield return (path, Probing(path));
            if (_source.ContainsKey(HeadPart.Key))
                yield return (_model.Layout.AttentionScores(layer), Keeping(_model.Layout.AttentionScores(layer)));
            if (_rows == 1)
                continue;
            yield return (_model.Layout.Queries(layer), Meeting(layer, HeadPart.Query, _queryRow));
            yield return (_model.Layout.Keys(layer), Meeting(layer, HeadPart.Key, _keyRow));
        }
    }

    private Func<Tensor, Tensor?> Keeping(string path) => output =>
    {
        _kept[path] = Keep(output.detach());
        return null;
    };

    private Func<Tensor, Tensor?> Probing(string path)
    {
        Probe probe = _probes[path] = new(_owner);
        return output =>
        {
            _kept[path] = Keep(output.detach());
            Tensor changed = probe.Into(output.narrow(0, 0, 1));
            return _rows == 1 ? changed : cat([changed, output.narrow(0, 1, _rows - 1).detach()], 0);
        };
    }

    /// <summary>Row 0 as it is, and of the other rows the clean ones in one and the run's own in the other.</summary>
    private Func<Tensor, Tensor?> Meeting(int layer, HeadPart part, int cleanRow) => output =>
    {
        Tensor own = output.narrow(0, 0, 1), held = own.detach();
        return cat([own, .. Enumerable.Range(1, _rows - 1).Select(row => row == cleanRow ? _source[part][layer] : held)], 0);
    };

    private Tensor Keep(Tensor made)
    {
        made.DetachFromDisposeScope();
        _owner.Attach(made);
        return made;
    }
}
