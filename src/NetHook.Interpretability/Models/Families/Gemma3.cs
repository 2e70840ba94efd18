namespace NetHook.Interpretability;

/// <summary>
/// Gemma 3's text model (Gemma Team 2025): a Gemma 2 whose heads norm their queries and keys instead of capping scores. Most
/// layers have a window, and a rotation of their own.
/// </summary>
internal sealed class Gemma3(LlamaPlan plan, WeightFactory make) : Llama(plan, make, layer => new Gemma2Block(plan, layer, make))
{
    private const string Full = "full_attention", Sliding = "sliding_attention";

    public static new Func<WeightFactory, DecoderModel> Read(ModelSettings settings)
    {
        LlamaPlan plan = Gemma.ReadPlan(settings, "gemma3_text", (262208, 2304, 9216, 26, 8), "hidden_activation", keyValueHeads: 4, trained: 131072, rotation: false);
        int pattern = settings.Size("_sliding_window_pattern", 6);
        pattern = settings.Size("sliding_window_pattern", pattern);
        string[]? kinds = settings.PerLayer("layer_types", plan.Layers, Full, Sliding);

        // The reference implementation does not hand this cap to the attention.
        settings.Has("attn_logit_softcapping");
        plan = plan with
        {
            EmbeddingScale = Math.Sqrt(plan.Width),
            AddsMlpOutput = false,
            HeadNorms = true,
            Scale = 1 / Math.Sqrt(settings.Positive("query_pre_attn_scalar", 256)),
            LogitCap = settings.PositiveOrNull("final_logit_softcapping"),
            Window = settings.Has("sliding_window") ? settings.SizeOrNull("sliding_window") : 4096,
            Windowed = layer => kinds is null ? (layer + 1) % pattern != 0 : kinds[layer] == Sliding,
        };
        plan = WithRotations(plan, settings);
        return make => new Gemma3(plan, make);
    }

    private static LlamaPlan WithRotations(LlamaPlan plan, ModelSettings settings)
    {
        double theta = settings.Positive("rope_theta", 1e6), local = settings.Positive("rope_local_base_freq", 1e4);
        ModelSettings? old = settings.Section("rope_scaling"), parameters = settings.Section("rope_parameters");
        ModelSettings? full = parameters?.Section(Full) ?? old, sliding = parameters?.Section(Sliding);
        parameters?.RefuseOthers();
        theta = full?.Positive("rope_theta", theta) ?? theta;
        local = sliding?.Positive("rope_theta", local) ?? local;
        return plan with
        {
            Rotation = RotarySettings.Read(settings, full, RotarySettings.SizeOf(settings, plan.HeadSize, 1), plan.Trained, theta),
            WindowRotation = RotarySettings.Read(settings, sliding, plan.HeadSize, plan.Trained, local),
        };
    }
}
