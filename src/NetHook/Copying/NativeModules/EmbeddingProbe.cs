using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook;

/// <summary>
/// Runs an embedding, or an embedding bag, on small weights of the probe's own instead of its real one, which comes back at the
/// end. Its settings show in what comes out, in the gradient, and in what a limited norm leaves of a large weight.
/// </summary>
internal sealed class EmbeddingProbe : IDisposable
{
    private readonly Action<Tensor> _setWeight;
    private readonly Func<Tensor, Tensor> _lookUp;
    private readonly Parameter _weight;

    internal EmbeddingProbe(Embedding embedding)
    {
        _weight = embedding.weight!;
        _setWeight = weight => TorchSharpInternals.SetNativeWeight(embedding, weight);
        _lookUp = embedding.forward;
    }

    internal EmbeddingProbe(EmbeddingBag bag)
    {
        _weight = bag.weight!;
        _setWeight = weight => TorchSharpInternals.SetNativeWeight(bag, weight);
        try
        {
            using DisposeScope scope = NewDisposeScope();
            Use(zeros(_weight.shape[0], 1));
            IncludesLastOffset = bag.forward(tensor([0L, 0, 0, 0]), tensor([0L, 2, 4]), null).shape[0] == 2;
        }
        catch
        {
            // Nobody has this probe to dispose.
            Dispose();
            throw;
        }

        // Bags of one row each. Bags of rows of a matrix would do only where the last offset is not an end.
        _lookUp = rows => bag.forward(rows, HeldScalars.Range(rows.shape[0] + (IncludesLastOffset ? 1 : 0)), null);
    }

    /// <summary>Whether a bag's last offset is the end of its last bag: three offsets then mean two bags.</summary>
    internal bool IncludesLastOffset { get; }

    /// <summary>
    /// The row without a gradient is the padding. Looked up twice, any other has a gradient of two; of one, if it is
    /// divided by how often it was looked up.
    /// </summary>
    internal (long? PaddingIndex, bool ScaleGradientByFrequency, bool Sparse) ObserveGradient()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable tracked = enable_grad();
        // One more row than may be padding.
        long rows = Math.Max(_weight.shape[0], 2);
        Tensor weight = zeros(rows, 1, requires_grad: true);
        // Not autograd.grad: TorchSharp does not catch what that throws.
        LookUp(weight, HeldScalars.Range(rows).repeat(2)).sum().backward();
        Tensor gradient = weight.grad!;
        Tensor perRow = gradient.is_sparse ? gradient.to_dense() : gradient;
        Tensor padding = perRow.squeeze(1).IsEqualTo(0).nonzero();
        return (padding.shape[0] == 0 ? null : padding[0, 0].item<long>(), perRow.max().item<float>() == 1, gradient.is_sparse);
    }

    /// <summary>What is left of the first row of a weight of so many rows after it was looked up.</summary>
    internal double[] ObserveRow(long rows, params double[] values)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor weight = zeros(rows, values.Length, float64);
        weight[0] = tensor(values);
        LookUp(weight, zeros(1, int64));
        return weight[0].data<double>().ToArray();
    }

    /// <summary>Has the embedding use another weight until the probe is disposed.</summary>
    internal void Use(Tensor weight) => _setWeight(weight);

    public void Dispose()
    {
        _setWeight(_weight);
        _weight.Dispose();
    }

    private Tensor LookUp(Tensor weight, Tensor rows)
    {
        Use(weight);
        return _lookUp(rows);
    }
}
