namespace NetHook.Interpretability;

/// <summary>Qwen 3 (Yang et al. 2025): a Qwen 2 without those biases, whose queries and keys are normed head by head.</summary>
internal sealed class Qwen3(LlamaPlan plan, WeightFactory make) : Llama(plan, make)
{
    public static new Func<WeightFactory, DecoderModel> Read(ModelSettings settings)
    {
        bool bias = settings.Flag("attention_bias", false);
        LlamaPlan plan = Qwen2.WithWindow(LlamaPlan.Read(settings, "qwen3", (151936, 4096, 22016, 32, 32), trained: 32768, keyValueHeads: 32, headSize: 128), settings) with
        {
            HeadNorms = true,
            QueryBias = bias,
            OutputBias = bias,
        };
        return make => new Qwen3(plan, make);
    }
}
