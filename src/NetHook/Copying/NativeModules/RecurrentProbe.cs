using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>Runs a recurrent layer on one token, to see what it does between its layers.</summary>
internal sealed class RecurrentProbe
{
    // A high rate lets next to nothing through a narrow layer.
    private const int Attempts = 2000;

    // Rectified units are dead for some of these.
    private static readonly double[] States = [1, -1, 0.1, -0.1, 10, -10];

    private readonly Module _module;
    private readonly OrderedDict<string, Parameter> _weights;
    private readonly long _layers;
    private readonly long _directions;
    private readonly long _hidden;

    internal RecurrentProbe(Module module, long layers, long directions)
    {
        _module = module;
        _weights = TorchSharpInternals.Parameters(module);
        (_layers, _directions) = (layers, directions);
        _hidden = _weights["weight_hh_l0"].shape[1];
    }

    /// <summary>The first layer's state after a token: what it passes on, before dropout.</summary>
    internal Tensor FirstLayer(Tensor token) => Run(token, 0).FirstLayer;

    /// <summary>
    /// The rate of the dropout between the layers, to be seen in gradients: that of the second layer's input weight is, row by row, a multiple of
    /// what came through the dropout; that of its hidden weight the same multiple of the initial state. Null if it cannot be told exactly.
    /// </summary>
    internal double? ObserveDropout()
    {
        Parameter[] observed = [_weights["weight_ih_l1"], _weights["weight_hh_l1"]];
        ScalarType dtype = observed[0].dtype;
        bool[] tracked = Array.ConvertAll(observed, weight => weight.requires_grad);
        bool training = TorchSharpInternals.IsTraining(_module);
        using IDisposable gradients = enable_grad();
        TorchSharpInternals.SetTraining(_module, true);
        foreach (Parameter weight in observed)
            weight.requires_grad = true;
        try
        {
            for (int attempt = 0; attempt < Attempts; attempt++)
            {
                if (ObserveScale(observed, States[attempt % States.Length]) is { } scale)
                    return DropoutRate.IsTold(dtype) ? DropoutRate.FromScale(scale, dtype) : RunsAlike() ? 0 : null;
            }

            return null;
        }
        finally
        {
            foreach ((Parameter weight, bool was) in observed.Zip(tracked))
                weight.requires_grad = was;
            TorchSharpInternals.SetTraining(_module, training);
        }
    }

    /// <summary>What dropout multiplied the elements that it kept by; null if it kept none, or none can be told.</summary>
    private double? ObserveScale(Parameter[] observed, double state)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor output, Tensor firstLayer) = Run(randn(1, 1, _weights["weight_ih_l0"].shape[1]).Times(state), state);
        IList<Tensor> gradients = autograd.grad([output.sum()], observed);
        // In a GRU, the last third of the rows sees the hidden state through a gate.
        long rows = _module is GRU ? 2 * _hidden : gradients[0].shape[0];
        Tensor multiples = gradients[1][..(int)rows, 0].to(float64).DividedBy(state);
        long row = multiples.abs().argmax().item<long>();
        if (multiples[row].item<double>() == 0)
            return null;

        Tensor passedOn = gradients[0][row].to(float64) / multiples[row];
        Tensor before = firstLayer.flatten().to(float64);
        Tensor kept = passedOn.IsEqualTo(0).logical_not();
        Tensor best = (before.abs() * kept).argmax();
        return kept[best].item<bool>() && before[best].item<double>() != 0 ? (passedOn[best] / before[best]).item<double>() : null;
    }

    /// <summary>Whether many tokens come out the same twice, to the bit: nothing was dropped, then.</summary>
    private bool RunsAlike()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable untracked = no_grad();
        Tensor tokens = randn(32, 32, _weights["weight_ih_l0"].shape[1]);
        return Run(tokens, 0).Output.equal(Run(tokens, 0).Output).all().item<bool>();
    }

    private (Tensor Output, Tensor FirstLayer) Run(Tensor tokens, double state)
    {
        Parameter like = _weights["weight_ih_l0"];
        Tensor input = tokens.to(like.dtype, like.device);
        // As many sequences as tokens, so that it does not matter which comes first.
        Tensor State() => HeldScalars.Filled([_layers * _directions, tokens.shape[0], _hidden], state, like.dtype, like.device);
        switch (_module)
        {
            case LSTM lstm:
                (Tensor output, Tensor states, Tensor _) = lstm.forward(input, (State(), State()));
                return (output, states[..(int)_directions]);
            case GRU gru:
                (output, states) = gru.forward(input, State());
                return (output, states[..(int)_directions]);
            default:
                (output, states) = ((RNN)_module).forward(input, State());
                return (output, states[..(int)_directions]);
        }
    }
}
