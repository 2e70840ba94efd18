#:project ../src/NetHook.Interpretability/NetHook.Interpretability.csproj

// LoRA (Hu et al. 2021): a GPT-2 that counts up learns to count down, in low-rank adapters on its attention projections and nowhere
// else. Taken out again, they leave it as it was, to the bit.
using NetHook;
using NetHook.Interpretability;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

const int Numbers = 12, Length = 8;
manual_seed(1);
set_num_threads(1); // more threads than such small tensors need only wait for each other

using var model = new Gpt2(new Gpt2Config { VocabSize = Numbers, NPositions = Length, NEmbd = 32, NLayer = 2, NHead = 4 });
Train(model.parameters(), step: +1, steps: 150, learningRate: 0.01);
Console.WriteLine($"Trained to count up:   {Count()}");
var weights = model.state_dict().ToDictionary(entry => entry.Key, entry => entry.Value.detach().clone());

// An adapter in the place of each projection, around it. Nothing of the model's code changes.
var layers = model.ModuleNames("transformer.h.*.attn.c_attn");
foreach (var layer in layers)
    model.ReplaceModule(layer, new Adapter(model.GetModule<Module<Tensor, Tensor>>(layer), rank: 4));
using (Gradients.Frozen(model))
{
    var adapters = layers.SelectMany(layer => (Parameter[])[model.GetParameter($"{layer}.down"), model.GetParameter($"{layer}.up")]).ToArray();
    Gradients.SetRequiresGrad(true, adapters);
    Train(adapters, step: -1, steps: 300, learningRate: 0.02);
    Console.WriteLine($"Adapted to count down: {Count()}  ({adapters.Sum(weight => weight.numel())} of {model.parameters().Sum(weight => weight.numel())} weights trained)");
}

// Each projection goes back into its place, out of its adapter, which would otherwise be disposed with it.
foreach (var layer in layers)
{
    using var adapter = model.ReplaceModule(layer, model.GetModule($"{layer}.projection"));
    adapter.ReplaceModule("projection", Identity());
}

Console.WriteLine($"Adapters taken out:    {Count()}");
var same = model.state_dict().All(entry => entry.Value.equal(weights[entry.Key]).all().item<bool>());
Console.WriteLine($"The weights are {(same ? "bitwise as before" : "not as before")}.");
return same ? 0 : 1;

void Train(IEnumerable<Parameter> trained, int step, int steps, double learningRate)
{
    using var optimizer = optim.Adam(trained, learningRate);
    for (var i = 0; i < steps; i++)
    {
        using var scope = NewDisposeScope();
        var sequence = (randint(0, Numbers, [32, 1]) + (arange(Length + 1) * step)).remainder(Numbers);
        optimizer.zero_grad();
        functional.cross_entropy(model.call(sequence[.., ..^1]).view(-1, Numbers), sequence[.., 1..].reshape(-1)).backward();
        optimizer.step();
    }
}

// What the model goes on with after a number, one number at a time.
string Count()
{
    using var scope = NewDisposeScope();
    using var _ = no_grad();
    model.eval();
    var sequence = tensor([5L], 1, 1);
    while (sequence.shape[1] < Length) sequence = cat([sequence, model.call(sequence)[.., -1].argmax(-1, keepdim: true)], 1);
    model.train();
    return string.Join(" ", sequence.data<long>().ToArray());
}

/// <summary>A projection plus the product of two thin matrices, the second of which is zero at first.</summary>
internal sealed class Adapter : Module<Tensor, Tensor>
{
    private readonly Module<Tensor, Tensor> projection;
    private readonly Parameter down;
    private readonly Parameter up;

    public Adapter(Module<Tensor, Tensor> projection, long rank)
        : base(nameof(Adapter))
    {
        // A weight of GPT-2 is [in, out].
        var shape = projection.get_parameter("weight")!.shape;
        this.projection = projection;
        down = Parameter(randn(shape[0], rank) / Math.Sqrt(shape[0]));
        up = Parameter(zeros(rank, shape[1]));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return (projection.call(input) + input.matmul(down).matmul(up)).MoveToOuterDisposeScope();
    }
}
