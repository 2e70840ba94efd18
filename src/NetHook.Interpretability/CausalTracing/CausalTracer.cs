using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// Causal tracing (Meng et al. 2022, "Locating and Editing Factual Associations in GPT", section 2): noise on the subject's
/// embeddings makes the model forget the answer; then the states of one token at a few layers are restored to what they
/// were without noise. If the answer comes back, it passes through these states.
/// </summary>
/// <remarks>
/// The model is not changed: the interventions are traces, seen by the calling flow alone, so that others may use the model
/// meanwhile. The model must be in evaluation mode. It is not disposed with the tracer, which holds nothing.
/// </remarks>
public sealed class CausalTracer
{
    private readonly LaidOutModel _model;
    private readonly Tokenizer? _tokenizer;

    /// <summary>Makes a tracer for a model with its tokenizer.</summary>
    /// <param name="model">The model.</param>
    public CausalTracer(LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        (_model, _tokenizer) = (model.Parts, model.Tokenizer);
    }

    /// <summary>Makes a tracer for a model alone, which can trace prompts given as token ids.</summary>
    /// <param name="model">The model, from token ids (Int64 <c>[batch, tokens]</c>) to logits (<c>[batch, tokens, vocabulary]</c>).</param>
    /// <param name="layout">Where it has its parts.</param>
    /// <exception cref="LayoutException">The layout does not fit the model.</exception>
    public CausalTracer(nn.Module<Tensor, Tensor> model, TransformerLayout layout) => _model = new(model, layout);

    /// <summary>Traces a prompt, with noise drawn for it.</summary>
    /// <param name="prompt">The prompt, such as "The Space Needle is in the city of".</param>
    /// <param name="subject">
    /// The part of it that is corrupted, such as "The Space Needle". If it is there several times, say which one by
    /// <see cref="CausalTraceOptions.Occurrence"/>. At the beginning of the prompt its first letter may be a capital.
    /// </param>
    /// <param name="options">What is restored, and how the subject is corrupted.</param>
    /// <param name="progress">Gets the share of the work that is done, 0 to 1.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>The probability of the answer by token and layer.</returns>
    /// <exception cref="PromptException">The prompt is empty or longer than the model reads, or the answer is not one token.</exception>
    /// <exception cref="SubjectException">The prompt does not hold the subject, or holds it several times and
    /// <see cref="CausalTraceOptions.Occurrence"/> is not set.</exception>
    /// <exception cref="OptionException">An option is out of range.</exception>
    /// <exception cref="LayoutException">The model's layout has no place for the kind of states.</exception>
    /// <exception cref="NonFiniteException">The model's logits are not finite.</exception>
    /// <exception cref="InvalidOperationException">The tracer has no tokenizer, or the model is in training mode.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public CausalTrace Trace(
        string prompt, string subject, CausalTraceOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default) =>
        TraceKinds(prompt, subject, [(options ?? new()).Kind], options, progress, cancellation)[0];

    /// <summary>Traces states of several kinds, with the same noise, from the same clean and corrupted runs.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="subject">The part of it that is corrupted.</param>
    /// <param name="kinds">The kinds of states, each in its turn; <see cref="CausalTraceOptions.Kind"/> does not count.</param>
    /// <param name="options">How many layers are restored together, and how the subject is corrupted.</param>
    /// <param name="progress">Gets the share of the work that is done, 0 to 1.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>A trace for each kind.</returns>
    /// <inheritdoc cref="Trace(string, string, CausalTraceOptions?, IProgress{double}?, CancellationToken)" path="/exception"/>
    public IReadOnlyList<CausalTrace> TraceKinds(
        string prompt, string subject, IReadOnlyList<StateKind> kinds, CausalTraceOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        if (_tokenizer is null)
            throw new InvalidOperationException("This tracer has no tokenizer. Make it with a LanguageModel, or trace token ids.");
        if (prompt.Length == 0)
            throw new PromptException("The prompt is empty. Give one that holds the subject.");

        options ??= new();
        (IReadOnlyList<int> tokens, Range range) = _tokenizer.EncodeWithPart(prompt, SubjectPlace.Find(prompt, subject, options.Occurrence));
        if (options.AnswerText is not null && options.Answer is null)
            options = options with { Answer = _tokenizer.SingleToken(prompt, tokens, options.AnswerText), AnswerText = null };
        using DisposeScope scope = NewDisposeScope();
        Tensor noise = SubjectNoise.Draw(_model, range.End.Value - range.Start.Value, options);
        return [.. Trace(tokens, range, noise, kinds, options, ifPredicted: false, progress, cancellation)
            .Select(trace => trace with { Prompt = prompt, Noise = options.Noise, Seed = options.Seed })];
    }

    /// <summary>Traces a prompt, with noise as it is given.</summary>
    /// <param name="tokens">The ids of the prompt's tokens.</param>
    /// <param name="subject">The positions of the tokens that are corrupted.</param>
    /// <param name="noise">What is added to their embeddings in each corrupted run, <c>[runs, subject's tokens, width]</c>. It is not disposed.</param>
    /// <param name="options">What is restored; how to draw noise does not apply.</param>
    /// <param name="progress">Gets the share of the work that is done, 0 to 1.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>The probability of the answer by token and layer.</returns>
    /// <exception cref="PromptException">The tokens are none, or more than the model reads.</exception>
    /// <exception cref="ArgumentException">The subject is not among the tokens, or the noise has another shape.</exception>
    /// <exception cref="OptionException">An option is out of range.</exception>
    /// <exception cref="LayoutException">The model's layout has no place for the kind of states.</exception>
    /// <exception cref="NonFiniteException">The model's logits are not finite.</exception>
    /// <exception cref="InvalidOperationException">The model is in training mode.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public CausalTrace Trace(
        IReadOnlyList<int> tokens, Range subject, Tensor noise, CausalTraceOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new();
        return Trace(tokens, subject, noise, [options.Kind], options, ifPredicted: false, progress, cancellation)[0];
    }

    /// <summary>Traces a prompt if the clean run predicts the answer that the options hold, or if they hold none.</summary>
    /// <returns>A trace for each kind; none if it predicts another token.</returns>
    internal IReadOnlyList<CausalTrace> TraceIfPredicted(
        IReadOnlyList<int> tokens, Range subject, Tensor noise, IReadOnlyList<StateKind> kinds, CausalTraceOptions options, IProgress<double>? progress, CancellationToken cancellation) =>
        Trace(tokens, subject, noise, kinds, options, ifPredicted: true, progress, cancellation);

    /// <summary>Checks what options say of severed modules.</summary>
    /// <exception cref="OptionException">Nothing of that kind is severed, or it is restored too.</exception>
    internal static void CheckSevered(IReadOnlyList<StateKind> kinds, StateKind? sever)
    {
        if (sever is not (null or StateKind.Mlp or StateKind.Attention))
            throw new OptionException(nameof(CausalTraceOptions.Sever), sever, "Sever is Mlp or Attention, or null: a block is not severed, its MLP or attention is.");
        if (sever is { } severed && kinds.Contains(severed))
            throw new OptionException(nameof(CausalTraceOptions.Sever), sever, "What is severed stays as in the corrupted run, and cannot be restored. Restore another kind of states, such as Hidden.");
    }

    private IReadOnlyList<CausalTrace> Trace(
        IReadOnlyList<int> tokens, Range subject, Tensor noise, IReadOnlyList<StateKind> kinds, CausalTraceOptions options, bool ifPredicted, IProgress<double>? progress, CancellationToken cancellation)
    {
        if (options.AnswerText is not null)
            throw new ArgumentException("AnswerText is set where it cannot be encoded, or beside Answer. Set Answer alone, or trace a prompt that is text.", nameof(options));
        LayerWindow[] windows = [.. kinds.Select(kind => LayerWindow.Of(_model.Layout, kind, options.Window))];
        CheckSevered(kinds, options.Sever);
        using IDisposable _ = no_grad();
        using IDisposable? stop = _model.StopOn(cancellation);
        using DisposeScope scope = NewDisposeScope();
        var experiment = CorruptedPrompt.Of(_model, tokens, subject, noise);

        var all = RecordedStates.Of(_model, options.Sever is { } severed ? [.. kinds, severed] : kinds, experiment.Tokens, experiment.Corruption);
        RecordedStates clean = all.Rows(..1), corrupted = all.Rows(1..);
        int predicted = (int)clean.Logits.argmax(-1).item<long>(), answer = options.Answer ?? predicted;
        if (answer < 0 || answer >= _model.VocabularySize)
            throw new OptionException(nameof(options.Answer), answer, $"Answer is no id of the vocabulary, 0 to {_model.VocabularySize - 1}.");
        if (ifPredicted && answer != predicted)
            return [];
        Tensor Measure(Tensor logits) => logits.to(ScalarType.Float32).softmax(-1).select(-1, answer).mean([-1]);
        double Probability(RecordedStates states) => Measure(states.Logits.unsqueeze(0)).item<float>();
        double cleanProbability = Probability(clean), corruptedProbability = Probability(corrupted);

        // Causal attention: what comes before the subject is as in the clean run already, and restoring it changes nothing.
        int start = experiment.Subject.Start.Value;
        int[] positions = [.. Enumerable.Range(start, tokens.Count - start)];
        string[] texts = [.. tokens.Select(Text)];
        return [.. windows.Select((window, i) =>
        {
            StateGrid restored = new StateSweep(_model, window, options.Sever).Run(
                corrupted, clean, positions, Measure, ProgressPart.Of(progress, i, windows.Length), cancellation);
            return new CausalTrace
            {
                Kind = window.Kind,
                Window = window.Width,
                Sever = options.Sever,
                TokenIds = [.. tokens],
                Tokens = texts,
                Subject = experiment.Subject,
                Answer = answer,
                AnswerText = Text(answer),
                Samples = (int)noise.shape[0],
                CleanProbability = cleanProbability,
                CorruptedProbability = corruptedProbability,
                Probabilities = new(tokens.Count, window.Layers, (token, layer) => token < start ? corruptedProbability : restored[token - start, layer]),
            };
        })];
    }

    private string Text(int token) => _tokenizer?.TextOf(token) ?? $"<{token}>";
}
