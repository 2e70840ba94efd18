using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// The logit lens (nostalgebraist 2020): what a model would predict at each position if it ended after each layer, read by
/// giving the residual stream there to the last norm and the head. <see cref="ToString"/> draws it.
/// </summary>
/// <remarks>Behind the last layer it is the model's own prediction. Holds no tensors.</remarks>
public sealed class LogitLens
{
    private const string Embeddings = "embeddings";
    private const long PositionsAtOnce = 64;

    private readonly IReadOnlyList<NextToken>[][] _predictions;

    internal LogitLens(string prompt, IReadOnlyList<int> tokenIds, IReadOnlyList<string> tokens, IReadOnlyList<string> layers, IReadOnlyList<NextToken>[][] predictions)
    {
        (Prompt, TokenIds, Tokens, Layers, _predictions) = (prompt, tokenIds, tokens, layers, predictions);
    }

    /// <summary>
    /// Where the residual stream was read: <c>embeddings</c>, which is what enters the first block, then the paths of the
    /// blocks, behind each of which it was read.
    /// </summary>
    public IReadOnlyList<string> Layers { get; }

    /// <summary>The prompt.</summary>
    public string Prompt { get; }

    /// <summary>The ids of the prompt's tokens.</summary>
    public IReadOnlyList<int> TokenIds { get; }

    /// <summary>The texts of the prompt's tokens.</summary>
    public IReadOnlyList<string> Tokens { get; }

    /// <summary>The tokens most likely to follow a position, most likely first.</summary>
    /// <param name="layer">The index of the layer in <see cref="Layers"/>.</param>
    /// <param name="position">The index of the token in <see cref="Tokens"/>, after which is predicted.</param>
    /// <returns>As many tokens as were asked for.</returns>
    public IReadOnlyList<NextToken> this[int layer, int position] => _predictions[layer][position];

    /// <summary>Runs a prompt and reads the lens.</summary>
    /// <param name="model">The model. It is left as it was, and runs once; edits attached to its blocks act, traces
    /// on the layers behind them see that one pass and nothing of the lens.</param>
    /// <param name="prompt">The prompt, of at least one token.</param>
    /// <param name="count">How many tokens to give at each layer and position.</param>
    /// <param name="cancellation">Ends the work, at the next block, layer or few positions.</param>
    /// <returns>The predictions.</returns>
    /// <exception cref="ArgumentException">The prompt is empty.</exception>
    /// <exception cref="PromptException">The prompt is not Unicode, or is longer than the model reads.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The count is less than 1 or more than the vocabulary.</exception>
    /// <exception cref="LayoutException">Behind the last block, the layers of <see cref="TransformerLayout.Readout"/> do not give the logits
    /// that the model gives.</exception>
    /// <exception cref="NonFiniteException">The model's logits are not finite, or those that the lens reads.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public static LogitLens Run(LanguageModel model, string prompt, int count = 1, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(prompt);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, model.VocabularySize);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable _ = no_grad();
        using IDisposable? stop = model.Parts.StopOn(cancellation);
        IReadOnlyList<int> tokens = model.Tokenizer.Encode(prompt);
        var states = RecordedStates.Of(model.Parts, [], model.Parts.Prompt(tokens));
        string[] layers = [Embeddings, .. RecordedStates.Paths(model.Layout, StateKind.Hidden)];
        RequireOwnLogits(model, states);
        return new LogitLens(
            prompt, tokens, [.. tokens.Select(model.Tokenizer.TextOf)], layers, [.. layers.Select((layer, i) => Read(model, layer, states.ResidualPre[i], count, cancellation))]);
    }

    /// <summary>The lens as text: the token most likely to follow each token, with its probability, tokens down and layers across.</summary>
    /// <returns>Lines separated by "\n", the last one without.</returns>
    public override string ToString() => TextTable.Draw(
        [.. Tokens.Select(TextTable.Quote)],
        [.. Layers.Select(layer => layer[(layer.IndexOf('.', StringComparison.Ordinal) + 1)..])],
        (position, layer) => Cell(this[layer, position][0]));

    private static string Cell(NextToken token) => $"{TextTable.Quote(token.Text)} {TextTable.Number(100 * token.Probability, 0)}%";

    // A few positions at a time: the logits of all may be gigabytes.
    private static IReadOnlyList<NextToken>[] Read(LanguageModel model, string layer, Tensor residual, int count, CancellationToken cancellation)
    {
        var found = new List<IReadOnlyList<NextToken>>();
        for (long position = 0; position < residual.shape[1]; position += PositionsAtOnce)
        {
            cancellation.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            Tensor logits = model.Parts.ReadOut(residual.narrow(1, position, Math.Min(PositionsAtOnce, residual.shape[1] - position)))[0];
            if (!logits.amax([-1]).isfinite().all().item<bool>())
                throw new NonFiniteException(layer, $"Read at '{layer}', the logits are not finite, though the model's own are. Its weights are {residual.dtype}: Float32 reaches further.");
            found.AddRange(model.MostLikelyOfEach(logits, count));
        }

        return [.. found];
    }

    /// <summary>A model that does more behind its blocks than the layout says would be read wrongly.</summary>
    private static void RequireOwnLogits(LanguageModel model, RecordedStates states)
    {
        // The pass ran with what is attached there, the readout does not.
        if (model.Model.ActiveTraces().Any(active => active.Layer.Length == 0 || model.Layout.Readout.Contains(active.Layer)))
            return;
        Tensor own = states.Logits[0].to(ScalarType.Float64);
        Tensor read = model.Parts.ReadOut(states.ResidualPre[^1].narrow(1, -1, 1))[0, 0].to(ScalarType.Float64);

        // One position by itself may be summed in another order.
        double tolerance = states.Logits.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? 0.05 : 1e-3;
        if ((own - read).abs().max().item<double>() > tolerance * own.abs().max().item<double>())
        {
            throw new LayoutException(
                nameof(TransformerLayout.Readout), string.Join(", ", model.Layout.Readout),
                $"Behind the last block, {string.Join(" and ", model.Layout.Readout)} give other logits than the model: {TypeNames.Of(model.Model)} does more there. Set Readout to all layers that it runs between the last block and the logits.");
        }
    }
}
