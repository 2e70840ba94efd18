namespace NetHook.Interpretability;

/// <summary>The families of models that load: a new one is a file beside the others, and a line here.</summary>
internal static class ModelFamilies
{
    public static IReadOnlyDictionary<string, Func<ModelSettings, Func<WeightFactory, DecoderModel>>> All { get; } = new Dictionary<string, Func<ModelSettings, Func<WeightFactory, DecoderModel>>>
    {
        ["gemma"] = Gemma.Read,
        ["gemma2"] = Gemma2.Read,
        ["gemma3_text"] = Gemma3.Read,
        ["gpt2"] = Gpt2.Read,
        ["gpt_neo"] = GptNeo.Read,
        ["gpt_neox"] = GptNeoX.Read,
        ["gptj"] = GptJ.Read,
        ["llama"] = Llama.Read,
        ["mistral"] = Mistral.Read,
        ["opt"] = Opt.Read,
        ["phi"] = Phi.Read,
        ["phi3"] = Phi3.Read,
        ["qwen2"] = Qwen2.Read,
        ["qwen3"] = Qwen3.Read,
    };

    /// <summary>Reads all settings of a model, and gives what makes it.</summary>
    /// <exception cref="CheckpointException">The family or a setting is not known.</exception>
    public static Func<WeightFactory, DecoderModel> Read(ModelSettings settings, CheckpointFolder? checkpoint)
    {
        if (!settings.HasValue("model_type"))
            throw settings.Bad("model_type", $"It is missing: it says of which family the model is. {Known}");
        string family = settings.Text("model_type");
        if (!All.TryGetValue(family, out Func<ModelSettings, Func<WeightFactory, DecoderModel>>? read))
            throw settings.Bad("model_type", $"It is \"{family}\", a family that is not known. {Known}");
        settings.HeadIsThere = checkpoint is null || checkpoint.Keys.Any(key => key is "lm_head.weight" or "embed_out.weight");
        Func<WeightFactory, DecoderModel> make = read(settings);
        settings.RefuseOthers();
        return make;
    }

    private static string Known => $"Families that load: {string.Join(", ", All.Keys)}.";
}
