using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// The logit lens (nostalgebraist 2020): what a model would predict at each position if it ended after each layer, read by
/// giving the residual stream there to the last layer norm and the head. <see cref="ToString"/> draws it.
/// </summary>
/// <remarks>Behind the last layer it is the model's own prediction. Holds no tensors.</remarks>
public sealed class LogitLens
{
    private readonly IReadOnlyList<NextToken>[][] _predictions;

    internal LogitLens(IReadOnlyList<string> layers, IReadOnlyList<string> tokens, IReadOnlyList<NextToken>[][] predictions)
    {
        (Layers, Tokens, _predictions) = (layers, tokens, predictions);
    }

    /// <summary>The layers, from <c>transformer.drop</c> (the embeddings, before any block) to the last block.</summary>
    public IReadOnlyList<string> Layers { get; }

    /// <summary>The texts of the prompt's tokens.</summary>
    public IReadOnlyList<string> Tokens { get; }

    /// <summary>The tokens most likely to follow a position, most likely first.</summary>
    /// <param name="layer">The index of the layer in <see cref="Layers"/>.</param>
    /// <param name="position">The index of the token in <see cref="Tokens"/>, after which is predicted.</param>
    /// <returns>As many tokens as were asked for.</returns>
    public IReadOnlyList<NextToken> this[int layer, int position] => _predictions[layer][position];

    /// <summary>Runs a prompt and reads the lens.</summary>
    /// <param name="model">The model. It is left as it was; edits attached to its blocks act, traces on its last layer norm
    /// and head see nothing of the lens.</param>
    /// <param name="prompt">The prompt, of at least one token.</param>
    /// <param name="count">How many tokens to give at each layer and position.</param>
    /// <returns>The predictions.</returns>
    /// <exception cref="ArgumentException">The prompt is empty, is not Unicode, or is longer than the model reads.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The count is less than 1 or more than the vocabulary.</exception>
    public static LogitLens Run(LanguageModel model, string prompt, int count = 1)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, model.Model.Config.VocabSize);
        string[] layers = ["transformer.drop", .. Enumerable.Range(0, model.Model.Config.NLayer).Select(layer => $"transformer.h.{layer}")];
        using DisposeScope scope = NewDisposeScope();
        using IDisposable _ = no_grad();
        Tensor ids = model.Tokens(prompt);
        using var trace = new TraceDict(model.Model, layers, new() { StopRule = StopRule.AllListed, Stop = true, Scope = TraceScope.CurrentFlow });
        trace.Run(() => model.Model.call(ids));
        return new LogitLens(
            layers,
            [.. model.Tokenizer.Encode(prompt).Select(model.Tokenizer.TextOf)],
            [.. layers.Select(layer => Read(model, trace[layer].Output, count))]);
    }

    /// <summary>The lens as text: the token most likely to follow each token, with its probability, tokens down and layers across.</summary>
    /// <returns>Lines separated by "\n", the last one without.</returns>
    public override string ToString() => TextTable.Draw(
        [.. Tokens.Select(TextTable.Quote)],
        [.. Layers.Select(layer => layer[(layer.IndexOf('.', StringComparison.Ordinal) + 1)..])],
        (position, layer) => Cell(this[layer, position][0]));

    private static string Cell(NextToken token) => $"{TextTable.Quote(token.Text)} {TextTable.Number(100 * token.Probability, 0)}%";

    private static IReadOnlyList<NextToken>[] Read(LanguageModel model, Tensor residual, int count)
    {
        using DisposeScope scope = NewDisposeScope();

        // forward() and not call(): what is attached to these layers was not asked about the lens.
        Tensor logits = model.Model.lm_head.forward(model.Model.transformer.ln_f.forward(residual));
        return [.. Enumerable.Range(0, (int)logits.shape[1]).Select(position => model.MostLikely(logits[0, position], count))];
    }
}
