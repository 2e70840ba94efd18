namespace NetHook.Interpretability;

// Continuing rows of tokens.
public abstract partial class DecoderModel
{
    /// <summary>Continues tokens, by default with the most likely one again and again.</summary>
    /// <param name="tokens">The ids of the prompt's tokens, at least one.</param>
    /// <param name="maxTokens">The most tokens to add.</param>
    /// <param name="options">How tokens are chosen; <see cref="GenerationOptions.StopTokens"/> that end the text, by default none.</param>
    /// <param name="cancellation">Ends the work, before the next block of the model.</param>
    /// <returns>
    /// The tokens that were added. They are fewer than asked for if a stop token ends them, which is left out, and where the model reads no
    /// more (<see cref="TransformerLayout.MaxTokens"/>).
    /// </returns>
    /// <remarks>
    /// With a cache, as by default, each token is computed once, and memory grows with the tokens. Several generations may run at
    /// once. Traces on the model see each pass: <see cref="Trace.AtStep"/> says how to find one.
    /// </remarks>
    /// <exception cref="ArgumentException">There are no tokens, more than the model reads, or some that it does not have; or an option is out of
    /// range, or needs a tokenizer. Nothing was run.</exception>
    /// <exception cref="NonFiniteException">The model's logits are not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public IReadOnlyList<int> Generate(IReadOnlyList<int> tokens, int maxTokens, GenerationOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        return Generate(TokenBatch.Of([tokens]), maxTokens, options, cancellation)[0];
    }

    /// <summary>Continues the rows of a batch together, each as it would be alone.</summary>
    /// <param name="prompts">The rows.</param>
    /// <param name="maxTokens">The most tokens to add to each.</param>
    /// <param name="options">How tokens are chosen; <see cref="GenerationOptions.StopTokens"/> that end a row, by default none.</param>
    /// <param name="cancellation">Ends the work, before the next block of the model.</param>
    /// <returns>The tokens that were added to each row, in their order.</returns>
    /// <remarks>
    /// Whichever side the rows were padded on, here they are padded on the left. A row that is over stays in its place until all are.
    /// </remarks>
    /// <inheritdoc cref="Generate(IReadOnlyList{int}, int, GenerationOptions?, CancellationToken)" path="/exception"/>
    public IReadOnlyList<IReadOnlyList<int>> Generate(TokenBatch prompts, int maxTokens, GenerationOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        options ??= new();
        if (options.StopStrings is { Count: > 0 })
            throw new ArgumentException("StopStrings are texts, and a model alone has no tokenizer: generate with a LanguageModel, or set StopTokens.", nameof(options));
        using var generator = new TokenGenerator(new LaidOutModel(this, Layout), prompts, maxTokens, options, options.StopTokens ?? []);
        while (!generator.IsOver)
            generator.Next(null, cancellation);
        return [.. Enumerable.Range(0, prompts.Count).Select(generator.Added)];
    }
}
