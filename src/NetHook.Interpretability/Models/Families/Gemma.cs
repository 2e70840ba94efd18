namespace NetHook.Interpretability;

/// <summary>
/// Gemma (Gemma Team 2024): a Llama whose norms scale by 1 + weight, whose embedding is scaled by the root of the width and
/// serves as its head, and whose MLP is gated by GELU.
/// </summary>
internal sealed class Gemma(LlamaPlan plan, WeightFactory make) : Llama(plan, make)
{
    public static new Func<WeightFactory, DecoderModel> Read(ModelSettings settings)
    {
        LlamaPlan plan = ReadPlan(settings, "gemma", (256000, 3072, 24576, 28, 16), "hidden_act", keyValueHeads: 16, trained: 8192);
        plan = plan with { StreamScale = Math.Sqrt(plan.Width) };

        // The reference implementation reads hidden_act alone.
        settings.Has("hidden_activation");
        return make => new Gemma(plan, make);
    }

    /// <summary>Reads what all Gemmas have in common.</summary>
    public static LlamaPlan ReadPlan(ModelSettings settings, string family, (int Vocabulary, int Width, int Inner, int Layers, int Heads) sizes, string activationKey, int keyValueHeads, int trained, bool rotation = true)
    {
        bool bias = settings.Flag("attention_bias", false);
        return LlamaPlan.Read(
            settings, family, sizes, trained, keyValueHeads, headSize: 256, "gelu_pytorch_tanh", activationKey, tied: true, rotation: rotation) with
        {
            PlusOne = true,
            QueryBias = bias,
            OutputBias = bias,
        };
    }
}
