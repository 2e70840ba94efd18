using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>Prompts that steering vectors are tried on, and what is measured.</summary>
internal sealed class SteeringBench
{
    private readonly LanguageModel _model;
    private readonly IReadOnlyList<string> _prompts;
    private readonly TokenBatch _batch;
    private readonly int[]? _answers, _against;
    private readonly int _maxTokens;

    private SteeringBench(LanguageModel model, IReadOnlyList<string> prompts, SteeringTrialOptions options)
    {
        (_model, _prompts, _maxTokens) = (model, prompts, options.MaxTokens);
        _batch = model.Batch(prompts);
        model.Parts.Check(_batch.Rows);
        (_answers, _against) = (Tokens(options.Answer), Tokens(options.Against));
        Measured = options.Answer is null ? null
            : options.Against is null ? $"log p({TextTable.Quote(options.Answer)})"
            : $"logit({TextTable.Quote(options.Answer)}) - logit({TextTable.Quote(options.Against)})";
        if (_answers is not null && _against is not null && _answers.SequenceEqual(_against))
            throw new PromptException($"Both answers are \"{options.Answer}\": there is no logit difference. Compare answers that differ.");
    }

    /// <summary>What is measured, in words; null for nothing.</summary>
    public string? Measured { get; }

    /// <summary>Checks what was asked. Runs nothing.</summary>
    public static SteeringBench Of(LanguageModel model, IReadOnlyList<string> prompts, SteeringTrialOptions options) =>
        prompts.Count > 0 ? new(model, prompts, options) : throw new PromptException("There are no prompts to steer. Give one at least.");

    /// <summary>Measures, and continues the prompts, with a vector added.</summary>
    public SteeringOutcome Try(SteeringVector? vector, double strength, bool random, CancellationToken cancellation)
    {
        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using IDisposable? stop = _model.Parts.StopOn(cancellation);
        using Trace? steer = vector?.Attach(_model.Model, strength, scope: TraceScope.CurrentFlow);
        double? measure = _answers is null ? null : Measure();
        IReadOnlyList<string> texts = _maxTokens == 0 ? [] : _model.Generate(_prompts, _maxTokens, cancellation: cancellation);
        return new(strength, random, measure, texts);
    }

    private double Measure()
    {
        Tensor logits = _model.Logits(_batch);
        Tensor last = logits.gather(1, tensor(_batch.Ends).to(logits.device).view(-1, 1, 1).expand(-1, 1, logits.shape[2])).squeeze(1).to(ScalarType.Float64);
        Tensor Of(Tensor values, int[] ids) => values.gather(1, tensor([.. ids.Select(id => (long)id)], [ids.Length, 1]).to(values.device));
        Tensor measured = _against is null ? Of(last.log_softmax(-1), _answers!) : Of(last, _answers!) - Of(last, _against);
        return measured.mean().item<double>();
    }

    private int[]? Tokens(string? answer) => answer is null ? null
        : [.. _prompts.Zip(_batch.Rows, (prompt, row) => _model.Tokenizer.SingleToken(prompt, row, answer))];
}
