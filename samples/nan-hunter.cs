#:project ../src/NetHook/NetHook.csproj

// Finds the first layer that makes NaN or infinity of finite numbers, forwards and backwards, while a model trains.
using NetHook;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

manual_seed(0);
set_num_threads(1);

Console.WriteLine("A blank picture among the others:");
using (var net = Sequential(("encode", Linear(8, 16, hasBias: false)), ("act", ReLU()), ("scale", new Standardize()), ("head", Linear(16, 1))))
{
    Train(net, step =>
    {
        var batch = randn(4, 8);
        if (step == 3) batch[2] = zeros(8);
        return batch;
    });
}

Console.WriteLine();
Console.WriteLine("Two pictures that are the same:");
using (var net = Sequential(("encode", Linear(8, 16)), ("distance", new DistanceToFirst()), ("head", Linear(1, 1))))
{
    Train(net, step =>
    {
        var batch = randn(4, 8);
        if (step == 2) batch[1] = batch[0];
        return batch;
    });
}

static void Train(Module<Tensor, Tensor> net, Func<int, Tensor> batch)
{
    using var optimizer = optim.SGD(net.parameters(), learningRate: 0.01);
    using var hunter = new NanHunter(net);
    for (var step = 0; step < 6; step++)
    {
        using var scope = NewDisposeScope();
        optimizer.zero_grad();
        var loss = net.call(batch(step)).square().mean();
        loss.backward();
        Console.WriteLine($"  step {step}: loss {loss.item<float>():F3}");
        if (hunter.Found is { } found)
        {
            Console.WriteLine($"  {found}");
            return; // before the optimizer spoils the weights
        }

        optimizer.step();
    }
}

/// <summary>Looks at what every layer returns, and at the gradient there. Edits nothing.</summary>
internal sealed class NanHunter : IDisposable
{
    private readonly TraceDict _traces;

    public NanHunter(Module model)
    {
        var layers = model.ModuleNames((_, module) => module is Module<Tensor, Tensor> && !module.children().Any());
        _traces = new(model, layers, new() { RetainOutput = false, EditOutput = Forwards, EditGradient = Backwards });
    }

    /// <summary>What was found first; null as long as everything is finite.</summary>
    public string? Found { get; private set; }

    public void Dispose() => _traces.Dispose();

    // Null leaves the output, or the gradient, as it is.
    private Tensor? Forwards(Tensor output, string layer, Tensor input, Module module)
    {
        if (Found is null && Bad(output) is { } bad && Bad(input) is null)
            Found = $"'{layer}' ({module.GetName()}) returned {bad}; it was given finite numbers, from {input.min().item<float>():F2} to {input.max().item<float>():F2}";
        return null;
    }

    // Gradients arrive last layer first: the first one that is not finite was made by what comes behind this layer.
    private Tensor? Backwards(Tensor gradient, string layer)
    {
        if (Found is null && Bad(gradient) is { } bad)
            Found = $"the gradient at the output of '{layer}' is {bad}; the outputs were finite, so look at what follows it";
        return null;
    }

    private static string? Bad(Tensor tensor)
    {
        if (tensor.isfinite().all().item<bool>()) return null;
        var row = tensor.isfinite().logical_not().reshape(tensor.shape[0], -1).any(1).nonzero()[0].item<long>();
        return $"{tensor.isnan().sum().item<long>()} NaN and {tensor.isinf().sum().item<long>()} infinite of {tensor.numel()} numbers, first in row {row}";
    }
}

/// <summary>Rows of standard deviation 1. Of a row that is constant, it makes NaN.</summary>
internal sealed class Standardize() : Module<Tensor, Tensor>(nameof(Standardize))
{
    public override Tensor forward(Tensor input) => input / input.std(1, keepdim: true);
}

/// <summary>How far each row is from the first. The slope of the root is infinite where it is zero, and 0 · ∞ is NaN.</summary>
internal sealed class DistanceToFirst() : Module<Tensor, Tensor>(nameof(DistanceToFirst))
{
    public override Tensor forward(Tensor input) => (input[1..] - input[..1]).square().sum(1, keepdim: true).sqrt();
}
