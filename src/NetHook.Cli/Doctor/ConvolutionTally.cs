using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Cli;

/// <summary>Counts the rounds in which a direction of convolutions went wrong, and how.</summary>
internal sealed class ConvolutionTally(string direction)
{
    // Of the largest number: a thousand times what rounding does to float32 here.
    private const double Tolerance = 1e-3;

    private readonly HashSet<int> _notFinite = [], _changed = [], _wrong = [], _all = [];
    private readonly List<string> _kinds = [];
    private Tensor[] _first = [];

    /// <param name="kind">The kind of convolution.</param>
    /// <param name="round">Which of the rounds, from 0.</param>
    /// <param name="actual">What it gave; kept until the next kind's first round, for comparison.</param>
    /// <param name="exact">The same in double precision.</param>
    public void Add(string kind, int round, Tensor[] actual, Tensor[] exact)
    {
        if (round == 0)
            _first = actual;
        _all.Add(round);
        bool finite = actual.All(tensor => tensor.isfinite().all().item<bool>());
        bool right = actual.Zip(exact).All(pair => Close(pair.First, pair.Second));
        if (!finite)
            _notFinite.Add(round);
        if (!actual.Zip(_first).All(pair => Close(pair.First, pair.Second)))
            _changed.Add(round);
        if (!right)
            _wrong.Add(round);
        if (!right && !_kinds.Contains(kind))
            _kinds.Add(kind);
    }

    public DoctorCheck Check(string title) => _wrong.Count == 0
        ? new($"{title}, {direction}", true, $"finite, repeatable and right in {_all.Count} of {_all.Count} rounds")
        : new(
            $"{title}, {direction}",
            false,
            $"in {_all.Count} rounds, {_notFinite.Count} with NaN or infinity, {_changed.Count} unlike the first, {_wrong.Count} wrong: {string.Join(", ", _kinds)}");

    // NaN is close to nothing.
    private static bool Close(Tensor actual, Tensor expected) =>
        (actual.to(float64) - expected.to(float64)).abs().max().item<double>() <= Tolerance * expected.to(float64).abs().max().item<double>();
}
