using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// What one forward pass left: the residual stream entering each block and behind the last one, the states of one kind at
/// each layer, and the logits behind the last token. The tensors belong to the dispose scope in which it was recorded.
/// </summary>
internal sealed record RecordedStates(Tensor[] Entering, Tensor[] States, Tensor Logits)
{
    /// <summary>The path where the residual stream begins.</summary>
    private const string Beginning = "transformer.drop";

    private const string Embedding = "transformer.wte";

    /// <summary>Runs the model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="window">Which states are recorded.</param>
    /// <param name="tokens">The token ids, <c>[batch, tokens]</c>.</param>
    /// <param name="corruption">What is added to the token embeddings, or null.</param>
    public static RecordedStates Of(Gpt2 model, LayerWindow window, Tensor tokens, Tensor? corruption = null)
    {
        string[] blocks = [.. Enumerable.Range(0, window.Layers).Select(layer => $"transformer.h.{layer}")];
        string[] states = [.. Enumerable.Range(0, window.Layers).Select(window.Path)];
        Dictionary<string, TraceOptions> layers = blocks.Union(states).Append(Beginning)
            .ToDictionary(path => path, _ => new TraceOptions { Scope = TraceScope.CurrentFlow });
        if (corruption is not null)
        {
            layers.Add(Embedding, new()
            {
                RetainOutput = false,
                Scope = TraceScope.CurrentFlow,
                EditOutput = (Tensor output) => output.Plus(corruption),
            });
        }

        using var trace = new TraceDict(model, layers);
        Tensor logits = model.call(tokens).select(1, -1);
        return new(
            [trace[Beginning].Output, .. blocks.Select(path => trace[path].Output)],
            [.. states.Select(path => trace[path].Output)],
            logits);
    }

    /// <summary>The same for some rows of the batch.</summary>
    public RecordedStates Rows(Range rows)
    {
        (int from, int count) = rows.GetOffsetAndLength((int)Logits.shape[0]);
        Tensor Narrow(Tensor tensor) => tensor.narrow(0, from, count);
        return new([.. Entering.Select(Narrow)], [.. States.Select(Narrow)], Narrow(Logits));
    }

    /// <summary>The same with the tokens at other positions.</summary>
    public RecordedStates Tokens(Tensor positions)
    {
        Tensor Pick(Tensor tensor) => tensor.index_select(1, positions);
        return new([.. Entering.Select(Pick)], [.. States.Select(Pick)], Logits);
    }
}
