using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>Noise for the embeddings of a subject.</summary>
internal static class SubjectNoise
{
    /// <summary>Draws it: <c>[runs, subject's tokens, width]</c>, in the caller's dispose scope.</summary>
    public static Tensor Draw(LaidOutModel model, int subjectTokens, CausalTraceOptions options)
    {
        Check(options);
        using DisposeScope scope = NewDisposeScope();
        return scope.MoveToOuter(Draw(model, subjectTokens, options, Unit(model)));
    }

    /// <inheritdoc cref="Draw(LaidOutModel, int, CausalTraceOptions)"/>
    /// <param name="model">The model.</param>
    /// <param name="subjectTokens">How many tokens the subject has.</param>
    /// <param name="options">How strong the noise is.</param>
    /// <param name="unit">What <see cref="Unit"/> gives for the model.</param>
    public static Tensor Draw(LaidOutModel model, int subjectTokens, CausalTraceOptions options, Tensor unit)
    {
        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator((ulong)options.Seed);
        Tensor noise = randn([options.Samples, subjectTokens, model.Width], ScalarType.Float32, generator: generator);
        return scope.MoveToOuter(noise.Times(options.Noise) * unit);
    }

    /// <summary>The standard deviation of the embeddings, in the caller's dispose scope: computed of all tokens, it is worth keeping.</summary>
    public static Tensor Unit(LaidOutModel model)
    {
        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return scope.MoveToOuter(Embeddings(model).to(ScalarType.Float32).std().cpu());
    }

    /// <exception cref="OptionException">An option is out of range.</exception>
    public static void Check(CausalTraceOptions options)
    {
        if (options.Samples < 1)
            throw new OptionException(nameof(options.Samples), options.Samples, "Samples is the number of corrupted runs, at least 1.");
        if (!(options.Noise >= 0 && double.IsFinite(options.Noise)))
            throw new OptionException(nameof(options.Noise), options.Noise, "Noise is a number of standard deviations, 0 or more.");
    }

    /// <summary>What the embedding layer gives for each token: some layers scale what is in their table.</summary>
    private static Tensor Embeddings(LaidOutModel model) => model.Module.GetModule<nn.Module<Tensor, Tensor>>(model.Layout.Embedding)
        .forward(HeldScalars.Range(model.VocabularySize, device: model.Device).unsqueeze(0));
}
