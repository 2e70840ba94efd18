namespace NetHook.Interpretability.Tests;

/// <summary>
/// Tests that count live tensors run alone: <c>torch.Tensor.TotalCount</c> is one number for the whole process.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class LiveTensors
{
    public const string Name = "live tensors";

    /// <summary>The number of live tensors, once those that earlier tests dropped are gone.</summary>
    public static long Count()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return TorchSharp.torch.Tensor.TotalCount;
    }
}
