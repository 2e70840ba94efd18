namespace NetHook.Interpretability;

/// <summary>Qwen 2 (Yang et al. 2024): a Llama with biases on queries, keys and values, and a window in later layers if it is asked for.</summary>
internal sealed class Qwen2(LlamaPlan plan, WeightFactory make) : Llama(plan, make)
{
    public static new Func<WeightFactory, DecoderModel> Read(ModelSettings settings)
    {
        LlamaPlan plan = WithWindow(LlamaPlan.Read(settings, "qwen2", (151936, 4096, 22016, 32, 32), trained: 32768, keyValueHeads: 32), settings) with { QueryBias = true };
        return make => new Qwen2(plan, make);
    }

    /// <summary>Qwen's window: in the layers that <c>layer_types</c> says, or from <c>max_window_layers</c> on.</summary>
    public static LlamaPlan WithWindow(LlamaPlan plan, ModelSettings settings)
    {
        // Files give the window's size even if it is not used.
        bool used = settings.Flag("use_sliding_window", false);
        int? window = settings.Has("sliding_window") ? settings.SizeOrNull("sliding_window") : 4096;
        int first = settings.Value("max_window_layers") is { ValueKind: System.Text.Json.JsonValueKind.Number } number && number.TryGetInt32(out int from) ? from : 28;
        string[]? kinds = settings.PerLayer("layer_types", plan.Layers, "full_attention", "sliding_attention");
        return plan with
        {
            Window = used ? window : null,
            Windowed = kinds is null ? layer => layer >= first : layer => kinds[layer] == "sliding_attention",
        };
    }
}
