using static TorchSharp.torch;

namespace NetHook;

/// <summary>
/// The state of the random number generator, to be put back: TorchSharp initialises what it builds with random numbers,
/// always on the CPU. The generators of other devices cannot be read through TorchSharp.
/// </summary>
internal sealed class RandomState
{
    private readonly Tensor _state = random.get_rng_state().DetachFromDisposeScope();

    public void Restore()
    {
        random.set_rng_state(_state);
        _state.Dispose();
    }
}
