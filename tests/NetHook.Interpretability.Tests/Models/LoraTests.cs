using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>Low-rank adapters (Hu et al. 2021) on every attention projection of a GPT-2.</summary>
public class LoraTests
{
    [Fact]
    public void Adapters_go_in_are_trained_alone_and_leave_the_weights_bitwise_as_they_were()
    {
        using DisposeScope scope = NewDisposeScope();
        using Gpt2 model = Tiny.Model();
        Dictionary<string, string> weights = Weights(model);
        string before = Bits(model.call(Tiny.Tokens));
        IReadOnlyList<string> names = model.ModuleNames("transformer.h.*.attn.c_attn");
        Assert.Equal(Tiny.Config.NLayer, names.Count);

        foreach (string name in names)
            model.ReplaceModule(name, Adapt(model, name));
        Assert.Equal(before, Bits(model.call(Tiny.Tokens)));
        Train(model, names);
        Assert.NotEqual(before, Bits(model.call(Tiny.Tokens)));
        foreach (string name in names)
        {
            nn.Module layer = model.GetModule($"{name}.layer");
            using nn.Module adapter = model.ReplaceModule(name, layer);
            // Disposed with it, the layer would be lost to the model.
            adapter.ReplaceModule("layer", nn.Identity());
        }

        Assert.Equal(weights, Weights(model));
        Assert.Equal(before, Bits(model.call(Tiny.Tokens)));
    }

    [Fact]
    public void An_adapter_for_a_while_is_gone_afterwards()
    {
        using DisposeScope scope = NewDisposeScope();
        using Gpt2 model = Tiny.Model();
        (Dictionary<string, string>? weights, string before) = (Weights(model), Bits(model.call(Tiny.Tokens)));
        using (model.Replacing("transformer.h.1.mlp.c_fc", nn.Identity()))
            Assert.IsType<Identity>(model.GetModule("transformer.h.1.mlp.c_fc"));

        Assert.Equal(weights, Weights(model));
        Assert.Equal(before, Bits(model.call(Tiny.Tokens)));
    }

    [Fact]
    public void A_copy_with_adapters_has_adapters_of_its_own()
    {
        using DisposeScope scope = NewDisposeScope();
        using Gpt2 model = Tiny.Model();
        foreach (string name in model.ModuleNames("transformer.h.*.attn.c_attn"))
            model.ReplaceModule(name, Adapt(model, name));
        using Gpt2 copy = model.DeepCopy();
        string before = Bits(model.call(Tiny.Tokens));
        Assert.Equal(before, Bits(copy.call(Tiny.Tokens)));

        Train(copy, copy.ModuleNames("transformer.h.*.attn.c_attn"));

        Assert.NotEqual(before, Bits(copy.call(Tiny.Tokens)));
        Assert.Equal(before, Bits(model.call(Tiny.Tokens)));
    }

    private static Lora Adapt(nn.Module model, string name) =>
        new(model.GetModule<nn.Module<Tensor, Tensor>>(name), Tiny.Config.NEmbd, 3 * Tiny.Config.NEmbd);

    private static void Train(nn.Module<Tensor, Tensor> model, IEnumerable<string> adapters)
    {
        using IDisposable frozen = Gradients.Frozen(model);
        Parameter[] trained = adapters.SelectMany(name => (Parameter[])[model.GetParameter($"{name}.down"), model.GetParameter($"{name}.up")]).ToArray();
        Gradients.SetRequiresGrad(true, trained);
        using SGD optimizer = optim.SGD(trained, 1);
        model.call(Tiny.Tokens).square().sum().backward();
        optimizer.step();
    }

    private static Dictionary<string, string> Weights(nn.Module model) => model.state_dict().ToDictionary(entry => entry.Key, entry => Bits(entry.Value));

    private static string Bits(Tensor tensor) => Convert.ToHexString(tensor.detach().contiguous().bytes);
}
