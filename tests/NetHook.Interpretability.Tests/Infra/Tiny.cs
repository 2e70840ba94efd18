using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>GPT-2s small enough to make one for each test.</summary>
internal static class Tiny
{
    public static Gpt2Config Config { get; } = new() { VocabSize = 11, NPositions = 8, NEmbd = 6, NLayer = 2, NHead = 2 };

    public static Tensor Tokens => tensor([1L, 2, 3, 4, 5, 6], [2, 3]);

    public static Gpt2 Model(Gpt2Config? config = null, ScalarType dtype = ScalarType.Float32)
    {
        using var generator = new Generator(1);
        var model = new Gpt2(config ?? Config, dtype, generator: generator);
        model.eval();
        return model;
    }
}
