using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// What one forward pass left: the residual stream entering each block and behind the last one, the states of some kinds at
/// each layer, and the logits behind the last token. The tensors belong to the dispose scope in which it was recorded.
/// </summary>
/// <param name="Ids">The token ids, <c>[batch, tokens]</c>.</param>
/// <param name="ResidualPre">The residual stream, <c>[batch, tokens, width]</c>: one more than there are blocks.</param>
/// <param name="States">The states of each kind that was asked for, by layer, <c>[batch, tokens, width]</c>.</param>
/// <param name="Logits">The logits behind the last token, <c>[batch, vocabulary]</c>.</param>
internal sealed record RecordedStates(Tensor Ids, Tensor[] ResidualPre, IReadOnlyDictionary<StateKind, Tensor[]> States, Tensor Logits)
{
    /// <summary>Runs the model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="kinds">Which states are recorded.</param>
    /// <param name="ids">The token ids, <c>[batch, tokens]</c>.</param>
    /// <param name="corruption">What is added to the token embeddings, or null.</param>
    /// <exception cref="NonFiniteException">The logits of the first row are not finite.</exception>
    public static RecordedStates Of(LaidOutModel model, IReadOnlyList<StateKind> kinds, Tensor ids, Tensor? corruption = null)
    {
        string[] blocks = Paths(model.Layout, StateKind.Hidden);
        var layers = kinds.SelectMany(kind => Paths(model.Layout, kind)).Concat(blocks).Distinct()
            .ToDictionary(path => path, path => new TraceOptions { RetainInput = path == blocks[0], Scope = TraceScope.CurrentFlow });
        using Trace? corrupt = corruption is null ? null
            : new Trace(model.Module, model.Layout.Embedding, LaidOutModel.Quietly(output: (Tensor output) => output.Plus(corruption)));
        using var trace = new TraceDict(model.Module, layers);
        Tensor logits = model.Module.call(ids).select(1, -1);
        model.RequireFinite(logits[0], ids.narrow(0, 0, 1));
        return new(
            ids,
            [LaidOutModel.EnteringOf(trace[blocks[0]]), .. blocks.Select(path => trace[path].Output)],
            kinds.ToDictionary(kind => kind, kind => Paths(model.Layout, kind).Select(path => trace[path].Output).ToArray()),
            logits);
    }

    /// <summary>The layers whose outputs are the states of a kind.</summary>
    public static string[] Paths(TransformerLayout layout, StateKind kind) => [.. Enumerable.Range(0, layout.Layers).Select(layer => kind switch
    {
        StateKind.Mlp => layout.Mlp(layer),
        StateKind.Attention => layout.Attention(layer),
        _ => layout.Block(layer),
    })];

    /// <summary>The same for some rows of the batch.</summary>
    public RecordedStates Rows(Range rows)
    {
        (int from, int count) = rows.GetOffsetAndLength((int)Logits.shape[0]);
        Tensor Narrow(Tensor tensor) => tensor.narrow(0, from, count);
        return Map(Narrow) with { Ids = Narrow(Ids), Logits = Narrow(Logits) };
    }

    /// <summary>The same states with the tokens at other positions.</summary>
    public RecordedStates Tokens(Tensor positions) => Map(states => states.index_select(1, positions));

    private RecordedStates Map(Func<Tensor, Tensor> map) => this with
    {
        ResidualPre = [.. ResidualPre.Select(map)],
        States = States.ToDictionary(pair => pair.Key, pair => pair.Value.Select(map).ToArray()),
    };
}
