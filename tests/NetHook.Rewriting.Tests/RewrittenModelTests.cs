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

    private static object?[] Roberta => [2, 2, 10L, 8L, 8L, 8L, 16L, 12L, 2L, 1e-5, 0.1, 0.1, 0.1, 0.1];

    [Fact]
    public void RoBERTa_is_seen_in_each_of_its_43_layers()
    {
        using nn.Module model = CheckModel("Roberta.Models.RobertaEncoder", Roberta, RunRoberta, expected: 43);

        TracingReport report = model.VerifyTracing(() => RunRoberta(model));
        Assert.Equal("45 layers: 43 seen, 0 run by forward(), 0 inside native code, 2 holding others, 0 not reached", report.Summary);
    }

    [Fact]
    public void RoBERTa_as_it_is_published_is_reported_to_run_its_layers_by_forward()
    {
        using nn.Module model = Make(Original, "Roberta.Models.RobertaEncoder", Roberta);
        TracingReport report = model.VerifyTracing(() => RunRoberta(model));

        Assert.Equal("45 layers: 0 seen, 43 run by forward(), 0 inside native code, 2 holding others, 0 not reached", report.Summary);
        Assert.EndsWith(
            "\nAdd <NetHookRewriteForward Include=\"Microsoft.ML.TorchSharp\" /> to the project file, or write call(x) for forward(x).",
            report.ToString(),
            StringComparison.Ordinal);
    }

    /// <summary>The parts that run: a block of layers 1 to 3 calls a method that this TorchSharp lacks, and so do the backbone and the neck.</summary>
    [Theory]
    [InlineData("backbone.patch_embed", 3, 7)]
    [InlineData("backbone.layers.0.blocks.0", 8, 12)]
    [InlineData("backbone.layers.1.blocks.0.mlp", 3, 5)]
    public void Part_of_the_object_detector_is_seen_in_every_layer(string part, int channels, int layerCount)
    {
        Tensor image = randn(1, channels, 16, 16);

        CheckModel("AutoFormerV2.AutoFormerV2", Detector, model => ((nn.Module<Tensor, Tensor>)model).call(image), layerCount, part).Dispose();
    }

    [Fact]
    public void Head_of_the_object_detector_is_seen_in_every_layer()
    {
        List<Tensor> features = [randn(1, 256, 4, 4), randn(1, 256, 2, 2)];

        CheckModel(
            "AutoFormerV2.AutoFormerV2", Detector, model => ((nn.Module<List<Tensor>, (List<Tensor>, List<Tensor>)>)model).call(features), expected: 27, "bbox_head").Dispose();
    }

    [Fact]
    public void Object_detector_as_a_whole_does_not_run_with_this_TorchSharp_rewritten_or_not()
    {
        foreach (Assembly? assembly in new[] { Original, Rewritten })
        {
            using var detector = (nn.Module<Tensor, (Tensor, Tensor, Tensor)>)Make(assembly, "AutoFormerV2.AutoFormerV2", Detector);
            MissingMethodException missing = Assert.Throws<MissingMethodException>(() => detector.call(zeros(1, 3, 64, 64)));
            Assert.StartsWith("Method not found: 'Tensor functional.interpolate(", missing.Message, StringComparison.Ordinal);
        }
    }

    private static Tensor RunRoberta(nn.Module model)
    {
        Tensor ids = arange(6).unsqueeze(0);
        return ((nn.IModule<Tensor, Tensor, Tensor, Tensor, Tensor>)model).call(ids, ids, zeros_like(ids), zeros(1, 1, 1, 6));
    }

    private static nn.Module CheckModel<TResult>(string type, object?[] sizes, Func<nn.Module, TResult> run, int expected, string part = "")
    {
        using IDisposable gradients = no_grad();
        using nn.Module original = Make(Original, type, sizes);
        nn.Module rewritten = Make(Rewritten, type, sizes);
        rewritten.load_state_dict(original.state_dict());
        nn.Module model = rewritten.GetModule(part);
        nn.Module published = original.GetModule(part);
        EveryLayer.AssertSame(run(published), run(model), "rewritten");
        Assert.Equal(expected, published.VerifyTracing(() => run(published)).Count(LayerVisibility.RunByForward));

        Assert.Equal(expected, EveryLayer.Check(model, run).Count);
        return rewritten;
    }

    private static nn.Module Make(Assembly assembly, string type, object?[] sizes)
    {
        var model = (nn.Module)Activator.CreateInstance(
            assembly.GetType("Microsoft.ML.TorchSharp." + type)!, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, null, sizes, null)!;
        model.eval();
        return model;
    }
}
