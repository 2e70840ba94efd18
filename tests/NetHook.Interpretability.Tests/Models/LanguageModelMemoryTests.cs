using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

[Collection(LiveTensors.Name)]
public sealed class LanguageModelMemoryTests
{
    [Fact]
    public void Prediction_generation_and_lens_leave_no_tensors()
    {
        using var model = new LanguageModel(
            Tiny.Model(Tiny.Config with { VocabSize = TinyVocabulary.Vocabulary.Count, NPositions = 30 }), TinyVocabulary.Tokenizer);
        model.NextTokens("The");
        long before = LiveTensors.Count();

        model.NextTokens("The capital");
        model.Generate("The capital", 10);
        LogitLens.Run(model, "The capital");

        Assert.Equal(before, Tensor.TotalCount);
    }
}
