using TorchSharp;

namespace NetHook.Tests;

/// <summary>Counts the tensors that are alive once the garbage collector has taken what nobody holds.</summary>
internal static class Live
{
    public static long Tensors
    {
        get
        {
            for (int i = 0; i < 3; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }

            return torch.Tensor.TotalCount;
        }
    }
}
