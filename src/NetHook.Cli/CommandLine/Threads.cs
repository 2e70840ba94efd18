using static TorchSharp.torch;

namespace NetHook.Cli;

/// <summary>How many processors torch uses.</summary>
internal static class Threads
{
    // About 30 MB of weights: one processor multiplies a token with them in milliseconds.
    private const long FewParameters = 8_000_000;

    /// <summary>
    /// For a small model one thread is faster: waking the others costs more than they do, and on a busy machine each of the
    /// hundreds of operations of a pass would wait until all have had their turn.
    /// </summary>
    public static void UseFewFor(nn.Module model)
    {
        if (model.parameters().Sum(parameter => parameter.numel()) < FewParameters)
            set_num_threads(1);
    }
}
