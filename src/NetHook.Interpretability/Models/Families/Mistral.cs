namespace NetHook.Interpretability;

/// <summary>Mistral 7B (Jiang et al. 2023): a Llama in which each token sees a window of those before.</summary>
internal sealed class Mistral(LlamaPlan plan, WeightFactory make) : Llama(plan, make)
{
    public static new Func<WeightFactory, DecoderModel> Read(ModelSettings settings)
    {
        LlamaPlan plan = LlamaPlan.Read(settings, "mistral", (32000, 4096, 14336, 32, 32), trained: 4096 * 32, keyValueHeads: 8) with
        {
            // Null says that there is no window; older files that say nothing have one.
            Window = settings.Has("sliding_window") ? settings.SizeOrNull("sliding_window") : 4096,
        };
        return make => new Mistral(plan, make);
    }
}
