using NetHook.Interpretability;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.TrainFacts;

/// <summary>Trains a GPT-2 on the facts, from random weights. The same seed, data, machine and number of threads give the same weights.</summary>
internal sealed class FactTraining : IDisposable
{
    // The layers before it are left to find out who the subject is and what there is to know of it.
    private const int FirstLateLayer = 4;

    // As strong as that of causal tracing. A garbled word elsewhere is not to disturb what the subject's last token says.
    private const double NoiseLevel = 3;

    private readonly TrainingSettings _settings;
    private readonly Generator _generator;
    private readonly IEnumerator<TrainingRow> _rows;
    private readonly AdamW _optimizer;
    private readonly TraceDict _restrictions;
    private TrainingBatch? _batch;

    public FactTraining(FactBook book, Tokenizer tokenizer, TrainingSettings settings)
    {
        _settings = settings;
        _generator = new Generator((ulong)settings.Seed);
        Model = new Gpt2(Config(tokenizer), generator: _generator);
        _rows = new TrainingText(book, tokenizer, Model.Config.NPositions + 1, settings.Seed).Rows().GetEnumerator();

        // Decay keeps matrices small, and with them what they know by heart; norms and biases are left alone.
        ILookup<bool, Parameter> parameters = Model.parameters().ToLookup(parameter => parameter.dim() > 1);
        _optimizer = new AdamW(
            [
                new AdamW.ParamGroup(parameters[true], new() { weight_decay = settings.WeightDecay, beta2 = 0.98 }),
                new AdamW.ParamGroup(parameters[false], new() { weight_decay = 0, beta2 = 0.98 }),
            ],
            settings.LearningRate);
        _restrictions = Restrict();
    }

    /// <summary>The model, which the restrictions of training hold until this object is disposed; the caller's to dispose.</summary>
    public Gpt2 Model { get; }

    /// <summary>Trains to the end, then leaves the model in evaluation mode.</summary>
    /// <param name="report">Is told every now and then the step and the mean loss since the last time.</param>
    public void Run(Action<int, double> report)
    {
        Model.train();
        double loss = 0;
        for (int step = 1; step <= _settings.Steps; step++)
        {
            loss += Step(step);
            if (step % _settings.ReportEvery != 0 && step != _settings.Steps)
                continue;
            report(step, loss / (((step - 1) % _settings.ReportEvery) + 1));
            loss = 0;
        }

        Model.eval();
    }

    public void Dispose()
    {
        _restrictions.Dispose();
        _optimizer.Dispose();
        _rows.Dispose();
        _generator.Dispose();
    }

    // 64 tokens hold four or five facts. No dropout: there are more facts than can be guessed, and nothing to overfit but them.
    private static Gpt2Config Config(Tokenizer tokenizer) => new()
    {
        VocabSize = tokenizer.VocabularySize,
        NPositions = 64,
        NEmbd = 128,
        NLayer = 6,
        NHead = 4,
        EmbdPdrop = 0,
        AttnPdrop = 0,
        ResidPdrop = 0,
    };

    /// <summary>Makes the model read facts off their subjects, where the batch says so.</summary>
    private TraceDict Restrict()
    {
        TraceOptions mlp = Editing(output => output * _batch!.MlpWrites);
        TraceOptions early = Editing(output => Seen(output, _batch!.VisibleEarly)), late = Editing(output => Seen(output, _batch!.VisibleLate));
        Dictionary<string, TraceOptions> layers = new() { ["transformer.wte"] = Editing(output => output + (_batch!.IsNoisy * Noise(output))) };
        for (int layer = 0; layer < Model.Config.NLayer; layer++)
        {
            layers[$"transformer.h.{layer}.mlp"] = mlp;
            layers[$"transformer.h.{layer}.attn.attn_dropout"] = layer < FirstLateLayer ? early : late;
        }

        return new TraceDict(Model, layers);
    }

    private TraceOptions Editing(Func<Tensor, Tensor> edit) => new() { RetainOutput = false, EditOutput = (Tensor output) => _batch is null ? null : edit(output) };

    private Tensor Noise(Tensor embeddings) => randn(embeddings.shape, generator: _generator) * (NoiseLevel * embeddings.detach().std());

    private static Tensor Seen(Tensor pattern, Tensor visible)
    {
        Tensor seen = pattern * visible;
        return seen / seen.sum(-1, keepdim: true);
    }

    private double Step(int step)
    {
        using DisposeScope scope = NewDisposeScope();
        foreach (AdamW.ParamGroup group in _optimizer.ParamGroups.Cast<AdamW.ParamGroup>())
            group.LearningRate = _settings.LearningRate * Schedule(step);

        int context = Model.Config.NPositions;
        _batch = new TrainingBatch([.. Enumerable.Range(0, _settings.Rows).Select(_ => NextRow())], context);
        Tensor logits = Model.call(_batch.Tokens.narrow(1, 0, context));
        Tensor losses = nn.functional.cross_entropy(logits.flatten(0, 1), _batch.Tokens.narrow(1, 1, context).flatten(), reduction: nn.Reduction.None);
        Tensor weights = _batch.Weights.narrow(1, 1, context).flatten();
        Tensor loss = (losses * weights).sum() / weights.sum();
        _optimizer.zero_grad();
        loss.backward();
        nn.utils.clip_grad_norm_(Model.parameters(), 1);
        _optimizer.step();
        _batch = null;
        return loss.item<float>();
    }

    /// <summary>Up in a straight line, then down along a cosine to a fiftieth.</summary>
    private double Schedule(int step)
    {
        double progress = (double)(step - _settings.WarmUp) / (_settings.Steps - _settings.WarmUp);
        return step < _settings.WarmUp ? (double)step / _settings.WarmUp : 0.02 + (0.98 * (1 + Math.Cos(Math.PI * progress)) / 2);
    }

    private TrainingRow NextRow()
    {
        _rows.MoveNext();
        return _rows.Current;
    }
}
