using System.Security.Cryptography;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// Causal tracing of many facts (Meng et al. 2022, figure 2): each is traced as by <see cref="CausalTracer"/>, and the effects are averaged by the
/// role of the token. The work may be divided into shards for several machines, is saved fact by fact, and goes on where it was interrupted.
/// </summary>
/// <remarks>
/// <para>A fact that the model does not know, because it predicts another token than the answer, is left out and counted, as in the original.
/// Each fact gets noise from the same seed, so that a fact's trace does not depend on the others. Shard i of n takes every nth fact.</para>
/// <para>The model must be in evaluation mode, and is not changed.</para>
/// </remarks>
/// <example><code>
/// using var model = LanguageModel.Bundled();
/// var job = new CausalTraceJob(model, FactPrompt.Read("facts.tsv"), [StateKind.Hidden, StateKind.Mlp, StateKind.Attention]);
/// Console.WriteLine(job.Run("traces.jsonl"));
/// </code></example>
public sealed class CausalTraceJob
{
    private readonly LanguageModel _model;
    private readonly CausalTracer _tracer;
    private readonly IReadOnlyList<FactPrompt> _facts;
    private readonly IReadOnlyList<StateKind> _kinds;
    private readonly CausalTraceOptions _options;
    private readonly Shard _shard;

    /// <summary>Makes a job. The facts are checked, and nothing runs before <see cref="Run"/>.</summary>
    /// <param name="model">The model. It is not disposed with the job, which holds nothing.</param>
    /// <param name="facts">The facts, at least one.</param>
    /// <param name="kinds">The kinds of states that are restored, each in its turn; <see cref="CausalTraceOptions.Kind"/> does not count.</param>
    /// <param name="options">How the subject is corrupted, and what is restored together. Answers and occurrences are the facts' own.</param>
    /// <param name="shard">Which part of the facts is traced; null for all of them.</param>
    /// <exception cref="FactException">A fact cannot be traced: its prompt lacks the subject or is longer than the model reads, or its answer is not one token.</exception>
    /// <exception cref="CausalTraceJobException">There are no facts, or fewer than shards.</exception>
    /// <exception cref="ArgumentException">The kinds are none or hold one twice, or the options hold an answer or an occurrence.</exception>
    /// <exception cref="OptionException">An option is out of range.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such shard.</exception>
    public CausalTraceJob(
        LanguageModel model, IReadOnlyList<FactPrompt> facts, IReadOnlyList<StateKind> kinds, CausalTraceOptions? options = null, Shard? shard = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(facts);
        ArgumentNullException.ThrowIfNull(kinds);
        (_model, _tracer, _facts, _kinds, _options, _shard) = (model, new(model), [.. facts], [.. kinds], options ?? new(), shard ?? Shard.Whole);
        if (_kinds.Count == 0 || _kinds.Distinct().Count() < _kinds.Count)
            throw new ArgumentException("The kinds of states are none, or hold one twice. Give each once.", nameof(kinds));
        if (_options.Answer is not null || _options.AnswerText is not null || _options.Occurrence is not null)
            throw new ArgumentException("Each fact has an answer and a subject of its own: the options may set neither Answer, AnswerText nor Occurrence.", nameof(options));
        CausalTracer.CheckSevered(_kinds, _options.Sever);
        SubjectNoise.Check(_options);
        foreach (StateKind kind in _kinds)
            LayerWindow.Of(model.Layout, kind, _options.Window);
        _shard.Check(nameof(shard));
        if (_facts.Count < _shard.Count)
            throw new CausalTraceJobException(null, _facts.Count == 0 ? "There are no facts. Give at least one." : $"There are {_facts.Count} facts, not enough for {_shard.Count} parts.");
        for (int i = 0; i < _facts.Count; i++)
            Read(i);
    }

    /// <summary>Does the work, or what is left of it.</summary>
    /// <param name="path">
    /// The file that the traces are kept in, saved fact by fact. If it holds a part of this work, the work goes on from there. Null to keep them
    /// in memory alone.
    /// </param>
    /// <param name="progress">Gets the share of the work that is done, 0 to 1.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>The traces, complete.</returns>
    /// <exception cref="CausalTraceJobException">The file holds other work, or another run has it open.</exception>
    /// <exception cref="CheckpointException">The file is damaged.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="LayoutException">The model's layout has no place for a kind of states.</exception>
    /// <exception cref="NonFiniteException">The model's logits are not finite.</exception>
    /// <exception cref="InvalidOperationException">The model is in training mode.</exception>
    /// <exception cref="CausalTraceInterruptedException"><paramref name="cancellation"/> was cancelled, and the file holds what was done.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled before there was something to keep.</exception>
    public CausalTraceFile Run(string? path = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        EvalMode.Require(_model.Model);
        cancellation.ThrowIfCancellationRequested();
        CausalTraceNotes notes = Notes();
        using CausalTraceAppender? file = path is null ? null : CausalTraceAppender.Open(path, notes);
        var done = (file?.Before?.Facts ?? []).ToDictionary(fact => fact.Number);
        int[] own = [.. Enumerable.Range(0, _facts.Count).Where(fact => _shard.Holds(fact))];
        try
        {
            Trace(own, done, file, progress, cancellation);
            return new(notes, done.Values);
        }
        catch (OperationCanceledException) when (path is not null && done.Count > 0 && cancellation.IsCancellationRequested)
        {
            throw new CausalTraceInterruptedException(path, done.Count, own.Length, cancellation);
        }
        finally
        {
            file?.Close(isEmpty: done.Count == 0);
        }
    }

    private void Trace(int[] own, Dictionary<int, FactTrace> done, CausalTraceAppender? file, IProgress<double>? progress, CancellationToken cancellation)
    {
        progress?.Report((double)done.Count / own.Length);
        if (done.Count == own.Length)
            return;
        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor unit = SubjectNoise.Unit(_model.Parts);
        foreach (int i in own.Where(i => !done.ContainsKey(i + 1)))
        {
            cancellation.ThrowIfCancellationRequested();
            using DisposeScope inner = NewDisposeScope();
            (IReadOnlyList<int> tokens, Range subject, int? answer) = Read(i);
            IReadOnlyList<CausalTrace> traces = _tracer.TraceIfPredicted(
                tokens, subject, SubjectNoise.Draw(_model.Parts, subject.End.Value - subject.Start.Value, _options, unit), _kinds, _options with { Answer = answer },
                ProgressPart.Of(progress, done.Count, own.Length), cancellation);
            FactTrace fact = traces.Count == 0 ? FactTrace.Unknown(i + 1) : FactTrace.Of(i + 1, traces);
            file?.Add(fact);
            done.Add(i + 1, fact);
            progress?.Report((double)done.Count / own.Length);
        }
    }

    private CausalTraceNotes Notes()
    {
        // The facts as they are, wherever they were read from.
        byte[] facts = JsonSerializer.SerializeToUtf8Bytes(_facts.Select(fact => (string?[])[fact.Prompt, fact.Subject, fact.Answer]));
        return new(
            CausalTraceNotes.FormatName, ModelFingerprint.Of(_model.Model), Convert.ToHexStringLower(SHA256.HashData(facts)), _facts.Count, _model.Layout.Layers,
            [.. _kinds.Select(kind => new CausalTraceKind(kind, LayerWindow.Of(_model.Layout, kind, _options.Window).Width))],
            _options.Noise, _options.Samples, _options.Seed, _options.Sever, [$"{_shard}"]);
    }

    private (IReadOnlyList<int> Tokens, Range Subject, int? Answer) Read(int i)
    {
        FactPrompt fact = _facts[i];
        try
        {
            (string prompt, Range place) = fact.Fill();
            (IReadOnlyList<int> tokens, Range subject) = _model.Tokenizer.EncodeWithPart(prompt, place);
            _model.Parts.Check([tokens]);
            int? answer = fact.Answer is null ? null
                : _model.Tokenizer.SingleToken(prompt, tokens, char.IsWhiteSpace(fact.Answer[0]) || char.IsWhiteSpace(prompt[^1]) ? fact.Answer : $" {fact.Answer}");
            return (tokens, subject, answer);
        }
        catch (ArgumentException e)
        {
            throw new FactException(fact, i + 1, e);
        }
    }
}
