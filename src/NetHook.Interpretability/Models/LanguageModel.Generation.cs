using System.Runtime.CompilerServices;

namespace NetHook.Interpretability;

// Continuing texts.
public sealed partial class LanguageModel
{
    /// <summary>Continues a prompt, by default with the most likely token again and again.</summary>
    /// <param name="prompt">The prompt, of at least one token.</param>
    /// <param name="maxTokens">The most tokens to add.</param>
    /// <param name="options">How tokens are chosen, and what ends the text.</param>
    /// <param name="cancellation">Ends the work, before the next block of the model.</param>
    /// <returns>
    /// The text that was added, without the prompt. It ends earlier than asked for at a token or text of the options, by default
    /// <see cref="Tokenizer.EndOfTextId"/>, which is left out, and where the model reads no more (<see cref="TransformerLayout.MaxTokens"/>).
    /// </returns>
    /// <remarks>Runs on the calling thread. Traces on the model see each pass: <see cref="Trace.AtStep"/> says how to find one.</remarks>
    /// <exception cref="ArgumentException">The prompt is empty, is not Unicode, or is longer than the model reads; or an option is out of range.
    /// Nothing was run.</exception>
    /// <exception cref="NonFiniteException">The model's logits are not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public string Generate(string prompt, int maxTokens = 20, GenerationOptions? options = null, CancellationToken cancellation = default)
    {
        using var generator = new TextGenerator(this, BatchOf(prompt), maxTokens, options ?? new(), detailed: false);
        return generator.All(cancellation)[0];
    }

    /// <summary>Continues several prompts together, each as it would be alone.</summary>
    /// <param name="prompts">The prompts, each of at least one token.</param>
    /// <param name="maxTokens">The most tokens to add to each.</param>
    /// <param name="options">How tokens are chosen, and what ends a text.</param>
    /// <param name="cancellation">Ends the work, before the next block of the model.</param>
    /// <returns>The text that was added to each prompt, in their order.</returns>
    /// <inheritdoc cref="Generate(string, int, GenerationOptions?, CancellationToken)" path="/remarks | /exception"/>
    public IReadOnlyList<string> Generate(IEnumerable<string> prompts, int maxTokens = 20, GenerationOptions? options = null, CancellationToken cancellation = default)
    {
        using var generator = new TextGenerator(this, Batch(prompts), maxTokens, options ?? new(), detailed: false);
        return generator.All(cancellation);
    }

    /// <summary>Continues a prompt, and gives each token as soon as its text is known.</summary>
    /// <param name="prompt">The prompt, of at least one token.</param>
    /// <param name="maxTokens">The most tokens to add.</param>
    /// <param name="options">How tokens are chosen, what ends the text, and how many alternatives come with each token.</param>
    /// <param name="cancellation">Ends the work, before the next block of the model. Breaking off the loop ends it too.</param>
    /// <returns>The tokens. Their texts together are what <see cref="Generate(string, int, GenerationOptions?, CancellationToken)"/> gives.</returns>
    /// <remarks>
    /// The input is checked at once, not when the first token is asked for. Each pass runs on a thread of the pool, in the flow of whoever
    /// asks for the token: traces of <see cref="TraceScope.CurrentFlow"/> that were made there act, and those of other flows do not.
    /// </remarks>
    /// <example><c>await foreach (GeneratedToken token in model.GenerateStream(prompt, 40)) Console.Write(token.Text);</c></example>
    /// <inheritdoc cref="Generate(string, int, GenerationOptions?, CancellationToken)" path="/exception"/>
    public IAsyncEnumerable<GeneratedToken> GenerateStream(string prompt, int maxTokens = 20, GenerationOptions? options = null, CancellationToken cancellation = default) =>
        Stream(BatchOf(prompt), maxTokens, options ?? new(), cancellation);

    /// <summary>Continues several prompts together, and gives each token as soon as its text is known.</summary>
    /// <param name="prompts">The prompts, each of at least one token.</param>
    /// <param name="maxTokens">The most tokens to add to each.</param>
    /// <param name="options">How tokens are chosen, what ends a text, and how many alternatives come with each token.</param>
    /// <param name="cancellation">Ends the work, before the next block of the model. Breaking off the loop ends it too.</param>
    /// <returns>The tokens of all rows, as they come; <see cref="GeneratedToken.Row"/> says of which prompt each is.</returns>
    /// <inheritdoc cref="GenerateStream(string, int, GenerationOptions?, CancellationToken)" path="/remarks | /exception"/>
    public IAsyncEnumerable<GeneratedToken> GenerateStream(IEnumerable<string> prompts, int maxTokens = 20, GenerationOptions? options = null, CancellationToken cancellation = default) =>
        Stream(Batch(prompts), maxTokens, options ?? new(), cancellation);

    /// <summary>The tokens that a generation adds.</summary>
    internal IReadOnlyList<int> Continue(IReadOnlyList<int> tokens, int maxTokens)
    {
        using var generator = new TokenGenerator(Parts, TokenBatch.Of([tokens]), maxTokens, new(), Tokenizer.EndOfTextId is { } end ? [end] : []);
        while (!generator.IsOver)
            generator.Next(null, CancellationToken.None);
        return generator.Added(0);
    }

    private TokenBatch BatchOf(string prompt)
    {
        ArgumentException.ThrowIfNullOrEmpty(prompt);
        return TokenBatch.Of([Tokenizer.Encode(prompt)]);
    }

    private IAsyncEnumerable<GeneratedToken> Stream(TokenBatch batch, int maxTokens, GenerationOptions options, CancellationToken cancellation)
    {
        // Whatever is wrong is said here, and not when the first token is asked for. Each enumeration makes a generator of its own.
        new TextGenerator(this, batch, maxTokens, options, detailed: true).Dispose();
        return Enumerate(batch, maxTokens, options, cancellation);
    }

    private async IAsyncEnumerable<GeneratedToken> Enumerate(
        TokenBatch batch, int maxTokens, GenerationOptions options, CancellationToken given, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(given, cancellation);
        using var generator = new TextGenerator(this, batch, maxTokens, options, detailed: true);
        while (!generator.IsOver)
        {
            foreach (GeneratedToken token in await Task.Run(() => generator.Next(both.Token), both.Token).ConfigureAwait(false))
            {
                both.Token.ThrowIfCancellationRequested();
                yield return token;
            }
        }
    }
}
