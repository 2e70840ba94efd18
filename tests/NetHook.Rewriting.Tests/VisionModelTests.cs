using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Rewriting.Tests;

/// <summary>Models of TorchVision, which run their layers by <c>call()</c>: each layer that runs can be looked at.</summary>
public sealed class VisionModelTests
{
    [Theory]
    [InlineData("resnet18", 32, 68)]
    [InlineData("mobilenet_v2", 32, 212)]
    [InlineData("googlenet", 32, 280)]
    [InlineData("inception_v3", 80, 392)]
    public void Model_is_seen_in_every_layer(string name, int size, int layerCount)
    {
        manual_seed(3);
        using IDisposable gradients = no_grad();
        using nn.Module<Tensor, Tensor> model = name switch
        {
            "resnet18" => torchvision.models.resnet18(num_classes: 3),
            "mobilenet_v2" => torchvision.models.mobilenet_v2(num_classes: 3, width_mult: 0.25),
            "googlenet" => torchvision.models.googlenet(num_classes: 3),
            _ => torchvision.models.inception_v3(num_classes: 3),
        };
        model.eval();
        using Tensor image = randn(1, 3, size, size);
        IReadOnlyList<string> layers = EveryLayer.Check(model, net => ((nn.Module<Tensor, Tensor>)net).call(image));
        Assert.Equal(layerCount, layers.Count);
    }
}
