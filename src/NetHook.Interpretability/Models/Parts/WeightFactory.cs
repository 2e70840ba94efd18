using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>Makes the weights of a new model. They belong to the model, not to the caller's dispose scope.</summary>
/// <param name="dtype">Their type.</param>
/// <param name="device">Where they are.</param>
/// <param name="deviation">The standard deviation of random weights; null leaves them unset, for files to be read into.</param>
/// <param name="generator">What draws them; null is torch's own for the device.</param>
internal sealed class WeightFactory(ScalarType dtype, Device device, double? deviation = null, Generator? generator = null)
{
    private readonly List<Parameter> _made = [];

    /// <summary>How many weights it makes at most; <see cref="InvalidOperationException"/> for one more.</summary>
    public int Most { get; init; } = int.MaxValue;

    public bool IsSpent => _made.Count > Most;

    /// <summary>Disposes of the weights of a model that was not made to its end.</summary>
    public void Discard() => _made.ForEach(one => one.Dispose());

    public Parameter Matrix(long rows, long columns, double scale = 1)
    {
        using IDisposable _ = no_grad();
        Tensor data = empty([rows, columns], dtype, device);
        return Own(deviation is { } spread ? data.normal_(0, spread * scale, generator) : data);
    }

    public Parameter Zeros(long size) => Own(zeros([size], dtype, device));

    public Parameter Ones(long size) => Own(ones([size], dtype, device));

    public Linear Linear(long from, long to, bool bias) => new(Matrix(to, from), bias ? Zeros(to) : null);

    public LayerNorm LayerNorm(long size, double epsilon) => new(Ones(size), Zeros(size), epsilon);

    public RmsNorm RmsNorm(long size, double epsilon, bool plusOne = false) => new(plusOne ? Zeros(size) : Ones(size), epsilon, plusOne);

    /// <summary>The layer that gives logits: with the token embedding's weights, or with its own of the same shape.</summary>
    public Unembedding Head(nn.Module<Tensor, Tensor> embedding, bool tied)
    {
        Parameter weight = embedding.get_parameter("weight")!;
        return tied ? new(weight, tied: true) : new(Matrix(weight.shape[0], weight.shape[1]), tied: false);
    }

    private Parameter Own(Tensor data)
    {
        Parameter parameter = TorchSharpInternals.TakeAsParameter(data.requires_grad_());
        parameter.DetachFromDisposeScope();
        _made.Add(parameter);
        return IsSpent ? throw new InvalidOperationException($"These are more than {Most} weights.") : parameter;
    }
}
