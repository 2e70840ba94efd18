using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// Causal tracing (Meng et al. 2022, "Locating and Editing Factual Associations in GPT", section 2): noise on the subject's
/// embeddings makes the model forget the answer; then the states of one token at a few layers are restored to what they
/// were without noise, and where the answer comes back, it passes through.
/// </summary>
/// <remarks>
/// The model is not changed: the interventions are traces, seen by the calling flow alone, so that others may use the model
/// meanwhile. The model must be in evaluation mode. It is not disposed with the tracer, which holds nothing.
/// </remarks>
public sealed class CausalTracer
{
    private readonly Gpt2 _model;
    private readonly Tokenizer? _tokenizer;

    /// <summary>Makes a tracer for a model with its tokenizer.</summary>
    /// <param name="model">The model.</param>
    public CausalTracer(LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        (_model, _tokenizer) = (model.Model, model.Tokenizer);
    }

    /// <summary>Makes a tracer for a model alone, which can trace prompts given as token ids.</summary>
    /// <param name="model">The model.</param>
    public CausalTracer(Gpt2 model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
    }

    /// <summary>Traces a prompt, with noise drawn for it.</summary>
    /// <param name="prompt">The prompt, such as "The Space Needle is in the city of".</param>
    /// <param name="subject">The part of it that is corrupted, such as "The Space Needle". It must be there exactly once.</param>
    /// <param name="options">What is restored, and how the subject is corrupted.</param>
    /// <param name="progress">Gets the share of the work that is done, 0 to 1.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>The probability of the answer by token and layer.</returns>
    /// <exception cref="ArgumentException">The prompt is empty, longer than the model reads, or does not hold the subject exactly once;
    /// or an option is out of range.</exception>
    /// <exception cref="InvalidOperationException">The tracer has no tokenizer, or the model is in training mode.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public CausalTrace Trace(
        string prompt, string subject, CausalTraceOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        if (_tokenizer is null)
            throw new InvalidOperationException("This tracer has no tokenizer. Make it with a LanguageModel, or trace token ids.");
        if (prompt.Length == 0)
            throw new ArgumentException("The prompt is empty. Give one that holds the subject.");

        IReadOnlyList<int> tokens = _tokenizer.Encode(prompt);
        Range range = _tokenizer.TokenRange(prompt, subject);
        options ??= new();
        using DisposeScope scope = NewDisposeScope();
        return Trace(tokens, range, Noise(range.End.Value - range.Start.Value, options), options, progress, cancellation);
    }

    /// <summary>Traces a prompt, with noise as it is given.</summary>
    /// <param name="tokens">The ids of the prompt's tokens.</param>
    /// <param name="subject">The positions of the tokens that are corrupted.</param>
    /// <param name="noise">What is added to their embeddings in each corrupted run, <c>[runs, subject's tokens, n_embd]</c>. It is not disposed.</param>
    /// <param name="options">What is restored; how to draw noise does not apply.</param>
    /// <param name="progress">Gets the share of the work that is done, 0 to 1.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>The probability of the answer by token and layer.</returns>
    /// <exception cref="ArgumentException">The tokens are none or more than the model reads, the subject is not among them, the noise
    /// has another shape, or an option is out of range.</exception>
    /// <exception cref="InvalidOperationException">The model is in training mode.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public CausalTrace Trace(
        IReadOnlyList<int> tokens, Range subject, Tensor noise, CausalTraceOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new();
        var window = LayerWindow.Of(_model, options.Kind, options.Window);
        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        var experiment = CorruptedPrompt.Of(_model, tokens, subject, noise);

        var all = RecordedStates.Of(_model, window, experiment.Tokens, experiment.Corruption);
        RecordedStates clean = all.Rows(..1), corrupted = all.Rows(1..);
        int answer = options.Answer ?? (int)clean.Logits.argmax(-1).item<long>();
        if (answer < 0 || answer >= _model.Config.VocabSize)
            throw new ArgumentOutOfRangeException(nameof(options), answer, $"Answer is no id of the vocabulary, 0 to {_model.Config.VocabSize - 1}.");
        Tensor Measure(Tensor logits) => logits.to(ScalarType.Float32).softmax(-1).select(-1, answer).mean([-1]);
        double Probability(RecordedStates states) => Measure(states.Logits.unsqueeze(0)).item<float>();
        double cleanProbability = Probability(clean), corruptedProbability = Probability(corrupted);

        // Causal attention: what comes before the subject is as in the clean run already, and restoring it changes nothing.
        int start = experiment.Subject.Start.Value;
        StateGrid restored = new StateSweep(_model, window).Run(
            corrupted, clean, [.. Enumerable.Range(start, tokens.Count - start)], Measure, progress, cancellation);
        return new CausalTrace
        {
            Kind = window.Kind,
            Window = window.Width,
            TokenIds = [.. tokens],
            Tokens = [.. tokens.Select(Text)],
            Subject = experiment.Subject,
            Answer = answer,
            AnswerText = Text(answer),
            Samples = (int)noise.shape[0],
            CleanProbability = cleanProbability,
            CorruptedProbability = corruptedProbability,
            Probabilities = new(tokens.Count, window.Layers, (token, layer) => token < start ? corruptedProbability : restored[token - start, layer]),
        };
    }

    private string Text(int token) => _tokenizer?.TextOf(token) ?? $"<{token}>";

    private Tensor Noise(int subjectTokens, CausalTraceOptions options)
    {
        if (options.Samples < 1)
            throw new ArgumentOutOfRangeException(nameof(options), options.Samples, "Samples is the number of corrupted runs, at least 1.");
        if (!(options.Noise >= 0 && double.IsFinite(options.Noise)))
            throw new ArgumentOutOfRangeException(nameof(options), options.Noise, "Noise is a number of standard deviations, 0 or more.");
        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator((ulong)options.Seed);
        Tensor embeddings = _model.GetParameter("transformer.wte.weight");
        Tensor noise = randn([options.Samples, subjectTokens, _model.Config.NEmbd], ScalarType.Float32, generator: generator);
        return scope.MoveToOuter(noise * options.Noise * embeddings.to(ScalarType.Float32).std().cpu());
    }
}
