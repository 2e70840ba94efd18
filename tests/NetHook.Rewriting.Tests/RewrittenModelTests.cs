using System.Reflection;
using System.Runtime.Loader;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Rewriting.Tests;

/// <summary>Models of Microsoft.ML.TorchSharp, which run their layers by <c>forward()</c>: this project's build has them run by <c>call()</c>.</summary>
public sealed class RewrittenModelTests
{
    private static readonly Assembly Rewritten = Assembly.Load("Microsoft.ML.TorchSharp");
    private static readonly Assembly Original = new AssemblyLoadContext("original").LoadFromAssemblyPath(
        typeof(RewrittenModelTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "Microsoft.ML.TorchSharp").Value!);

    private static object?[] Detector => [3, new List<int> { 8, 16, 24, 32 }, new List<int> { 1, 1, 1, 1 }, new List<int> { 2, 2, 2, 2 }, CPU];

    [Fact]
    public void Encoder_of_RoBERTa_is_seen_in_every_layer()
    {
        Tensor states = Deterministic(() => randn(2, 6, 8));
        Tensor mask = zeros(2, 1, 1, 6);
        Tensor Run(nn.Module model) => ((nn.Module<Tensor, Tensor, Tensor>)model).call(states, mask);
        object?[] sizes = [2, 2, 8L, 8L, 8L, 16L, 1e-5, 0.1, 0.1, 0.1];

        CheckModel("Roberta.Models.Encoder", sizes, Run, expected: 36);
    }

    [Fact]
    public void Attention_and_embeddings_of_RoBERTa_are_seen_in_every_layer()
    {
        Tensor states = Deterministic(() => randn(2, 6, 8));
        Tensor mask = zeros(2, 1, 1, 6);
        object?[] sizes = [2, 8L, 1e-5, 0.1, 0.1];
        CheckModel("Roberta.Modules.Attention", sizes, model => ((nn.Module<Tensor, Tensor, Tensor>)model).call(states, mask), expected: 9);

        Tensor ids = arange(6).unsqueeze(0);
        object?[] embeddings = [10L, 8L, 12L, 2L, 1e-5, 0.1];
        CheckModel("Roberta.Modules.Embeddings", embeddings, model => ((nn.Module<Tensor, Tensor, Tensor, Tensor>)model).call(ids, ids, zeros_like(ids)), expected: 5);
    }

    [Theory]
    [InlineData("backbone.patch_embed", 3, 7)]
    [InlineData("backbone.layers.0.blocks.0", 8, 12)]
    public void Part_of_the_object_detector_is_seen_in_every_layer(string part, int channels, int layerCount)
    {
        Tensor image = Deterministic(() => randn(1, channels, 16, 16));

        CheckModel("AutoFormerV2.AutoFormerV2", Detector, model => ((nn.Module<Tensor, Tensor>)model).call(image), layerCount, part);
    }

    [Fact]
    public void Head_of_the_object_detector_is_seen_in_every_layer()
    {
        List<Tensor> features = Deterministic(() => new List<Tensor> { randn(1, 256, 4, 4), randn(1, 256, 2, 2) });

        CheckModel(
            "AutoFormerV2.AutoFormerV2", Detector, model => ((nn.Module<List<Tensor>, (List<Tensor>, List<Tensor>)>)model).call(features), expected: 27, "bbox_head");
    }

    [Fact]
    public void Object_detector_as_a_whole_does_not_run_with_this_TorchSharp_rewritten_or_not()
    {
        foreach (Assembly? assembly in new[] { Original, Rewritten })
        {
            using var detector = (nn.Module<Tensor, (Tensor, Tensor, Tensor)>)Make(assembly, "AutoFormerV2.AutoFormerV2", Detector);
            Assert.Throws<MissingMethodException>(() => detector.call(zeros(1, 3, 64, 64)));
        }
    }

    private static void CheckModel<TResult>(string type, object?[] sizes, Func<nn.Module, TResult> run, int expected, string part = "")
    {
        using IDisposable gradients = no_grad();
        using nn.Module original = Make(Original, type, sizes);
        using nn.Module rewritten = Make(Rewritten, type, sizes);
        nn.Module model = rewritten.GetModule(part);
        EveryLayer.AssertSame(run(original.GetModule(part)), run(model), "rewritten");

        Assert.Equal(expected, EveryLayer.Check(model, run).Count);
    }

    private static nn.Module Make(Assembly assembly, string type, object?[] sizes) => Deterministic(() =>
    {
        var model = (nn.Module)Activator.CreateInstance(
            assembly.GetType("Microsoft.ML.TorchSharp." + type)!, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, null, sizes, null)!;
        model.eval();
        return model;
    });

    private static T Deterministic<T>(Func<T> make)
    {
        manual_seed(3);
        return make();
    }
}
