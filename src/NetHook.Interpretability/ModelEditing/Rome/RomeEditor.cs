using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// Rank-one model editing, ROME (Meng et al. 2022, "Locating and Editing Factual Associations in GPT", section 3): finds the
/// change of one MLP's output projection W that has it answer the subject's key k with a value v* which makes the model say
/// the target, and other keys as little differently as can be: <c>W + (v* − Wk)(C⁻¹k)ᵀ / (C⁻¹k)ᵀk</c>.
/// </summary>
/// <remarks>
/// <para>W is the last linear layer of the MLP (<see cref="TransformerLayout.MlpProjection"/>), also of a gated one.
/// The key is the mean, over texts before the prompt and none, of what it gets at the subject's last token.
/// The value is what it gives for that key plus a change, found by gradient descent on three terms: the target's negative
/// log probability, the drift of the prediction after "SUBJECT is a" (the paper's D_KL), and the norm of the change.</para>
/// <para>The differences to the original program: the drift is measured behind the whole of "SUBJECT is a" instead of behind
/// its subject; the update is exact for the mean key instead of the key of the prompt without a text before it (both as the
/// paper has it); weight decay and clamp take the norm of the mean value over all prefixes instead of that of the prompt
/// without one; and the prefixes that the model writes are a token longer, since the original counts the
/// <c>&lt;|endoftext|></c> that they begin with, and end where the model ends the text.</para>
/// <para>Finding an edit does not change the model, and others may use it meanwhile: the interventions are traces, seen by
/// the calling flow alone. Model and statistic are not disposed with the editor, which holds nothing else.</para>
/// </remarks>
/// <example><code>
/// using var model = LanguageModel.Bundled();
/// var options = RomeOptions.Load(Path.Combine(BundledModel.Folder, RomeOptions.FileName));
/// using var keys = KeyStatistics.Collect(model, options.Layer, File.ReadAllText("text.txt"));
/// var editor = new RomeEditor(model, keys, options);
/// using var edit = editor.Find(new("The capital of {} is", "France", " Rome"));
/// using (edit.ApplyTo(model.Model))
///     Console.WriteLine(model.Generate("The capital of France is", 1));
/// </code></example>
public sealed class RomeEditor
{
    private const string Essence = EditRequest.Gap + " is a";

    private readonly LanguageModel _model;
    private readonly MlpProjection _projection;
    private readonly RunningSecondMoment _keys;
    private readonly RomeOptions _options;

    /// <summary>Makes an editor, and has the model write its prefixes where none are given.</summary>
    /// <param name="model">The model, in evaluation mode.</param>
    /// <param name="keys">The second moment of the layer's keys over a text, as from <see cref="KeyStatistics"/>.</param>
    /// <param name="options">The layer, and how to edit.</param>
    /// <param name="cancellation">Ends the writing of prefixes.</param>
    /// <exception cref="LayoutException">The model's layout has no <see cref="TransformerLayout.MlpProjectionPath"/>, or no linear layer there.</exception>
    /// <exception cref="OptionException">An option is out of range.</exception>
    /// <exception cref="KeyStatisticsException">The statistic has another number of features than the layer has keys; or it has fewer samples than
    /// features, which without <see cref="RomeOptions.Ridge"/> cannot be inverted.</exception>
    /// <exception cref="PromptException">The prefixes are to be written by the model, and its tokenizer has no token that begins or ends a text.</exception>
    /// <exception cref="InvalidOperationException">The model is in training mode.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public RomeEditor(LanguageModel model, RunningSecondMoment keys, RomeOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate(model.Layout.Layers);
        EvalMode.Require(model.Model);
        var projection = MlpProjection.Of(model.Model, model.Layout, options.Layer);
        long inner = projection.Keys;
        if (keys.Features != inner)
        {
            throw new KeyStatisticsException(
                $"The statistic has {keys.Features ?? 0} features, the keys of layer {options.Layer} have {inner}.",
                $"Collect it {(model.Layout.MlpKeysPath is null ? $"from what enters {projection.Path}" : $"at {model.Layout.MlpKeys(options.Layer)}")}.");
        }

        if (keys.Count < inner && options.Ridge == 0)
            throw KeyStatisticsException.Singular($"The statistic has {keys.Count} samples of {inner} features, too few to be inverted.");

        (_model, _projection, _keys, _options) = (model, projection, keys, options);
        Prefixes = options.Prefixes ?? PrefixWriter.Write(model, options.PrefixLengths, options.Seed, cancellation);
    }

    /// <summary>The texts that are put before the prompt, besides none.</summary>
    public IReadOnlyList<string> Prefixes { get; }

    /// <summary>Finds the edit that has the model say the target. The model stays as it is.</summary>
    /// <param name="request">The fact.</param>
    /// <param name="progress">Gets the share of the steps that are done, 0 to 1.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>The edit, which is the caller's.</returns>
    /// <exception cref="PromptException">The prompt does not hold <c>{}</c> exactly once; subject or target is empty; or a prompt with a
    /// prefix and the target is longer than the model reads.</exception>
    /// <exception cref="NonFiniteException">The model's logits are not finite, or the search ended in numbers that are not.</exception>
    /// <exception cref="KeyStatisticsException">The statistic cannot be inverted.</exception>
    /// <exception cref="InvalidOperationException">The model is in training mode.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public RomeEdit Find(EditRequest request, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        EvalMode.Require(_model.Model);

        // The value is found by gradients, which inference mode has none of.
        using IDisposable _ = inference_mode(false);
        using IDisposable? stop = _model.Parts.StopOn(cancellation);
        using DisposeScope scope = NewDisposeScope();
        IReadOnlyList<int> target = _model.Tokenizer.EncodeContinuation(request.Text, _model.Tokenizer.Encode(request.Text), request.SpacedTarget);
        var prompts = SubjectPrompts.Of(_model, request,
        [
            ("", request.Prompt, target.SkipLast(1)),
            .. Prefixes.Select(prefix => (prefix.Length > 0 ? $"{prefix} " : "", request.Prompt, target.SkipLast(1))),
            ("", Essence, []),
        ]);

        var search = new ValueSearch(_model.Parts, _projection, _options, prompts, target);
        Tensor change = search.Run(progress, cancellation);
        Tensor direction = Direction(search.Key);
        return new RomeEdit(
            request, _options.Layer, _projection, direction.DetachFromDisposeScope(), change.DetachFromDisposeScope(), search.Losses);
    }

    /// <summary><c>C⁻¹k / (C⁻¹k)ᵀk</c>, computed in double precision, in the key's.</summary>
    private Tensor Direction(Tensor key)
    {
        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor moment = _keys.SecondMoment();
        if (_options.Ridge > 0)
            moment = moment.Plus(moment.diagonal().mean().Times(_options.Ridge) * eye(moment.shape[0], dtype: ScalarType.Float64, device: moment.device));
        Tensor wide = key.to(ScalarType.Float64, moment.device);
        Tensor solved;
        try
        {
            solved = linalg.solve(moment, wide);
        }
        catch (System.Runtime.InteropServices.ExternalException)
        {
            throw Singular();
        }

        Tensor direction = solved / solved.dot(wide);
        return direction.isfinite().all().item<bool>() ? scope.MoveToOuter(direction.to(key.dtype, key.device)) : throw Singular();
    }

    private static KeyStatisticsException Singular() => KeyStatisticsException.Singular("The second moment of the keys cannot be inverted.");
}
