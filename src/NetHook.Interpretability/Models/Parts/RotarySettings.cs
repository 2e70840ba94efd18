namespace NetHook.Interpretability;

/// <summary>
/// Reads how a model rotates: <c>rope_theta</c> with <c>rope_scaling</c>, or <c>rope_parameters</c>, which newer files have.
/// </summary>
internal static class RotarySettings
{
    /// <param name="settings">The model's settings.</param>
    /// <param name="headSize">How many numbers a head has.</param>
    /// <param name="trained">How many tokens the model was made for.</param>
    /// <param name="theta">The base, if the settings do not say it.</param>
    /// <param name="partial">The part of each head that is turned, if the settings do not say it; null if the family turns all.</param>
    public static Rotation Read(ModelSettings settings, int headSize, int trained, double theta, double? partial = null)
    {
        ModelSettings? old = settings.Section("rope_scaling"), parameters = settings.Section("rope_parameters") ?? old;
        theta = settings.Positive("rope_theta", theta);
        theta = parameters?.Positive("rope_theta", theta) ?? theta;
        double part = 1;
        if (partial is { } usual)
        {
            part = settings.Positive("partial_rotary_factor", usual);
            part = parameters?.Positive("partial_rotary_factor", part) ?? part;
        }

        return Read(settings, parameters, SizeOf(settings, headSize, part), trained, theta);
    }

    /// <summary>The same for a section that is known already; null does not stretch.</summary>
    public static Rotation Read(ModelSettings settings, ModelSettings? scaling, int size, int trained, double theta)
    {
        if (scaling is null)
            return new(new RotaryFrequencies(size, theta));
        string kind = scaling.Text("type", "default");
        kind = scaling.Text("rope_type", kind);
        RotaryFrequencies frequencies = kind switch
        {
            "default" => new(size, theta),
            "linear" => new LinearFrequencies(size, theta, scaling.Positive("factor")),
            "dynamic" when size > 2 => new DynamicFrequencies(size, theta, scaling.Positive("factor"), trained),
            "llama3" => new Llama3Frequencies(
                size, theta, scaling.Positive("factor"), scaling.Positive("low_freq_factor"), scaling.Positive("high_freq_factor"), scaling.Size("original_max_position_embeddings")),
            "yarn" => Yarn(scaling, size, trained, theta),
            "longrope" or "su" => Long(settings, scaling, size, trained, theta),
            _ => throw scaling.Bad("rope_type", $"It is \"{kind}\", supported are default, linear, dynamic, llama3, yarn and longrope."),
        };
        scaling.RefuseOthers();
        return new(frequencies);
    }

    public static int SizeOf(ModelSettings settings, int headSize, double part)
    {
        int size = (int)(headSize * part);
        return part <= 1 && size >= 2 && size % 2 == 0 ? size
            : throw settings.Bad("partial_rotary_factor", $"{part} of a head of {headSize} numbers is {size}, expected an even number of them, 2 to {headSize}.");
    }

    private static YarnFrequencies Yarn(ModelSettings scaling, int size, int trained, double theta)
    {
        int original = scaling.Size("original_max_position_embeddings", trained);
        double factor = scaling.Positive("factor", (double)trained / original);
        double? scale = scaling.PositiveOrNull("mscale"), scaleOfAll = scaling.PositiveOrNull("mscale_all_dim");
        double usual = scale is { } one && scaleOfAll is { } all ? Growth(one) / Growth(all) : Growth(1);
        return new(size, theta, factor, scaling.Positive("beta_fast", 32), scaling.Positive("beta_slow", 1), scaling.Flag("truncate", true), original)
        {
            Amplitude = scaling.Positive("attention_factor", usual),
        };

        double Growth(double weight) => factor <= 1 ? 1 : (0.1 * weight * Math.Log(factor)) + 1;
    }

    private static LongFrequencies Long(ModelSettings settings, ModelSettings scaling, int size, int trained, double theta)
    {
        int? named = scaling.SizeOrNull("original_max_position_embeddings") ?? settings.SizeOrNull("original_max_position_embeddings");
        int original = named ?? trained;
        double factor = scaling.Positive("factor", 1);
        if (named is not null)
            factor = (double)trained / original;
        double usual = factor <= 1 ? 1 : Math.Sqrt(1 + (Math.Log(factor) / Math.Log(original)));
        return new(size, theta, scaling.Numbers("short_factor", size / 2), scaling.Numbers("long_factor", size / 2), original)
        {
            Amplitude = scaling.Positive("attention_factor", usual),
        };
    }
}
