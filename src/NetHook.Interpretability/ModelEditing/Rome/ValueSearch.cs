using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// Finds the change of an MLP's last layer's output, at the subject's last token, that makes a model say the target. If the
/// model can go on from a block, the blocks before the MLP's are run once; of the logits, only those are kept that the loss reads.
/// </summary>
internal sealed class ValueSearch
{
    private readonly LaidOutModel _model;
    private readonly MlpProjection _projection;
    private readonly RomeOptions _options;
    private readonly Tensor _tokens, _entering, _subject, _positions, _target;
    private readonly TokenBatch _batch;
    private readonly int _essence;
    private readonly double _size;
    private readonly List<RomeLoss> _losses = [];

    /// <summary>Runs the prompts.</summary>
    /// <param name="model">The model.</param>
    /// <param name="projection">The layer whose output is changed.</param>
    /// <param name="options">How to search.</param>
    /// <param name="prompts">The prompts followed by all but the target's last token; as the last one, that whose prediction is to stay.</param>
    /// <param name="target">The target's tokens.</param>
    public ValueSearch(LaidOutModel model, MlpProjection projection, RomeOptions options, SubjectPrompts prompts, IReadOnlyList<int> target)
    {
        (_model, _projection, _options, _tokens, _essence) = (model, projection, options, prompts.Batch.Ids.to(model.Device), prompts.Count - 1);
        _batch = prompts.Batch;
        string block = model.Layout.Block(options.Layer);
        using IDisposable _ = no_grad();
        using var trace = new TraceDict(model.Module, new Dictionary<string, TraceOptions>
        {
            [block] = new() { RetainInput = true, RetainOutput = false, Stop = true, Scope = TraceScope.CurrentFlow },
            [projection.Path] = new() { RetainInput = true, Scope = TraceScope.CurrentFlow },
        });
        trace.Run(() => model.Logits(prompts.Batch));

        _entering = LaidOutModel.EnteringOf(trace[block]);
        _subject = prompts.SubjectMask(model.Device);
        Tensor MeanAtSubject(Tensor states) => (states * _subject).sum(1).narrow(0, 0, _essence).to(ScalarType.Float32).mean([0]);
        Key = MeanAtSubject(trace[projection.Path].Input);
        _size = MeanAtSubject(trace[projection.Path].Output).norm().to(ScalarType.Float64).item<double>();

        // The token at each position is predicted at the one before; of the prompt that is to stay, the last prediction counts.
        long[] positions =
        [
            .. prompts.Lengths.SkipLast(1).SelectMany(length => Enumerable.Range(0, target.Count).Select(i => length - target.Count + i)),
            .. Enumerable.Repeat(prompts.Lengths[^1] - 1, target.Count),
        ];
        _positions = tensor(positions, [prompts.Count, target.Count, 1]).to(model.Device);
        _target = tensor([.. target.Select(id => (long)id)], [1, target.Count, 1]).to(model.Device);
    }

    /// <summary>The mean of the MLP's keys at the subject, in single precision.</summary>
    public Tensor Key { get; }

    public IReadOnlyList<RomeLoss> Losses => _losses;

    /// <summary>Searches.</summary>
    /// <returns>The change, in single precision.</returns>
    /// <exception cref="InvalidOperationException">It is not finite.</exception>
    public Tensor Run(IProgress<double>? progress, CancellationToken cancellation)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable _ = enable_grad();

        // In single precision whatever the model's: the squares of gradients, and Adam's epsilon, are nothing in half.
        Tensor change = zeros(_projection.Width, ScalarType.Float32, _entering.device, requires_grad: true);
        var adam = new Adam(change, _options.LearningRate);
        Tensor unchanged = LogProbabilities(change).detach(), before = unchanged[_essence, 0];
        _model.RequireFinite(unchanged, _tokens);
        for (int step = 1; ; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using DisposeScope inner = NewDisposeScope();
            Tensor loss = Loss(change, before);
            progress?.Report((double)step / _options.Steps);
            if (step == _options.Steps || _losses[^1].Total < _options.EnoughLoss)
                break;

            // The gradient of the change alone: the model's parameters keep theirs as they are.
            // Not autograd.grad: TorchSharp does not catch what that throws.
            autograd.backward([loss], inputs: [change]);
            adam.Step(change.grad!);
            change.grad = null;
            Clamp(change);
        }

        progress?.Report(1);
        if (!change.isfinite().all().item<bool>())
            throw new InvalidOperationException("The search for the value ended in numbers that are not finite, though the model's own are: lower LearningRate or ClampNorm.");

        return scope.MoveToOuter(change.detach().clone());
    }

    private Tensor Loss(Tensor change, Tensor before)
    {
        Tensor predicted = LogProbabilities(change);
        Tensor each = -predicted.narrow(0, 0, _essence).gather(2, _target.expand(_essence, -1, -1)).mean([1, 2]);
        Tensor now = predicted[_essence, 0];
        Tensor target = each.mean();
        Tensor drift = (now.exp() * (now - before)).sum().Times(_options.KlFactor);

        // The norm of no change has no gradient, and torch takes 0 for it.
        Tensor decay = change.norm().Times(_options.WeightDecay).DividedBy(_size * _size);
        _losses.Add(new(Number(target), Number(drift), Number(decay), Number((-each).exp().mean())));
        return target.Plus(drift).Plus(decay);
    }

    /// <summary>The log probabilities of all tokens, where the loss reads them: <c>[prompts, target's tokens, vocabulary]</c>.</summary>
    private Tensor LogProbabilities(Tensor change)
    {
        using DisposeScope scope = NewDisposeScope();
        using var edit = new Trace(
            _model.Module, _projection.Path, LaidOutModel.Quietly(output: (Tensor output) => output.Plus((_subject * change).to(output.dtype))));
        Tensor logits = _model.LogitsFrom(
            _options.Layer, _entering, _tokens, all => all.gather(1, _positions.expand(-1, -1, all.shape[2])), _batch);
        return scope.MoveToOuter(logits.to(ScalarType.Float32).log_softmax(-1));
    }

    private void Clamp(Tensor change)
    {
        using IDisposable _ = no_grad();
        double norm = Number(change.norm()), most = _options.ClampNorm * _size;
        if (norm > most)
            change.TimesInPlace(most / norm);
    }

    private static double Number(Tensor scalar) => scalar.detach().to(ScalarType.Float64).item<double>();

    /// <summary>Adam for one tensor (Kingma and Ba 2015). TorchSharp's wants a Parameter, which it counts as one tensor too many.</summary>
    private sealed class Adam(Tensor values, double learningRate)
    {
        private const double Decay1 = 0.9, Decay2 = 0.999, Epsilon = 1e-8;

        private readonly Tensor _mean = zeros_like(values), _square = zeros_like(values);
        private int _steps;

        public void Step(Tensor gradient)
        {
            using IDisposable _ = no_grad();
            _steps++;
            _mean.TimesInPlace(Decay1).PlusInPlace(gradient.Times(1 - Decay1));
            _square.TimesInPlace(Decay2).PlusInPlace(gradient.Squared().Times(1 - Decay2));
            Tensor mean = _mean.DividedBy(1 - Math.Pow(Decay1, _steps)), square = _square.DividedBy(1 - Math.Pow(Decay2, _steps));
            values.sub_(mean.Times(learningRate) / square.sqrt().Plus(Epsilon));
        }
    }
}
