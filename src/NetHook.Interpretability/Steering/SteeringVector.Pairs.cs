using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

// Making steering vectors of prompts.
public sealed partial class SteeringVector
{
    /// <summary>Makes a steering vector of contrasting prompts, for what a block returns.</summary>
    /// <param name="model">The model, in evaluation mode. It is not changed.</param>
    /// <param name="positives">Prompts that end as the model is to go on.</param>
    /// <param name="negatives">Prompts that end as it is not; the i-th is the pair of the i-th positive one.</param>
    /// <param name="layer">The number of the block, from 0.</param>
    /// <param name="method">How the vector is made.</param>
    /// <param name="progress">Gets the share of the work that is done, 0 to 1.</param>
    /// <param name="cancellation">Ends the work, at the next block.</param>
    /// <returns>The steering vector, which says the model, the layer, and how it was made; the caller's to dispose.</returns>
    /// <remarks>
    /// With dᵢ = h(positive i) − h(negative i), where h is what the block returns at a prompt's last token, contrastive activation addition
    /// is mean(dᵢ); for the other methods see <see cref="SteeringMethod"/>. Prompts run in batches of 16, each in one pass that ends at the
    /// layer; padding is not read.
    /// </remarks>
    /// <example><code>
    /// using var steering = SteeringVector.FromPairs(model, ["I love it", "How good"], ["I hate it", "How bad"], layer: 3);
    /// </code></example>
    /// <exception cref="OptionException">The model has no such block, or there is no such method.</exception>
    /// <exception cref="PromptException">There are no prompts, or not as many of each where pairs are needed; one is empty, or longer than the model
    /// reads; or positives and negatives do not differ at the layer.</exception>
    /// <exception cref="InvalidOperationException">The model is in training mode.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was cancelled.</exception>
    public static SteeringVector FromPairs(
        LanguageModel model, IReadOnlyList<string> positives, IReadOnlyList<string> negatives, int layer,
        SteeringMethod method = SteeringMethod.ContrastiveAddition, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        int layers = model.Layout.Layers;
        return layer >= 0 && layer < layers
            ? FromPairs(model, positives, negatives, model.Layout.Block(layer), method, progress, cancellation)
            : throw new OptionException(nameof(layer), layer, $"The model has no layer {layer}: its layers are 0 to {layers - 1}.");
    }

    /// <summary>Makes a steering vector of contrasting prompts, for any layer.</summary>
    /// <param name="model">The model, in evaluation mode. It is not changed.</param>
    /// <param name="positives">Prompts that end as the model is to go on.</param>
    /// <param name="negatives">Prompts that end as it is not.</param>
    /// <param name="layer">The path of a layer that gives <c>[prompts, tokens, features]</c>.</param>
    /// <param name="method">How the vector is made.</param>
    /// <param name="progress">Gets the share of the work that is done, 0 to 1.</param>
    /// <param name="cancellation">Ends the work, at the next block.</param>
    /// <returns>The steering vector, which says the model, the layer, and how it was made; the caller's to dispose.</returns>
    /// <exception cref="ModuleNotFoundException">The model has no such layer.</exception>
    /// <exception cref="ArgumentException">The layer gives another shape.</exception>
    /// <inheritdoc cref="FromPairs(LanguageModel, IReadOnlyList{string}, IReadOnlyList{string}, int, SteeringMethod, IProgress{double}, CancellationToken)" path="/remarks | /exception"/>
    public static SteeringVector FromPairs(
        LanguageModel model, IReadOnlyList<string> positives, IReadOnlyList<string> negatives, string layer,
        SteeringMethod method = SteeringMethod.ContrastiveAddition, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(positives);
        ArgumentNullException.ThrowIfNull(negatives);
        ArgumentException.ThrowIfNullOrEmpty(layer);
        if (!Enum.IsDefined(method))
            throw new OptionException(nameof(method), method, $"This is none of the methods: {string.Join(", ", Enum.GetNames<SteeringMethod>())}.");
        if (positives.Count == 0 || negatives.Count == 0)
            throw new PromptException("There are no positive or no negative prompts. A direction needs one of each at least.");
        if (positives.Count != negatives.Count && method != SteeringMethod.DifferenceOfMeans)
            throw new PromptException($"There are {positives.Count} positive prompts and {negatives.Count} negative ones: pairs need as many of each. The difference of means does not.");
        EvalMode.Require(model.Model);
        IReadOnlyList<TokenBatch> batches = SteeringPrompts.Batches(model, positives.Concat(negatives));

        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor states = SteeringPrompts.LastStates(model, batches, layer, progress, cancellation);
        Tensor positive = states.narrow(0, 0, positives.Count), negative = states.narrow(0, positives.Count, negatives.Count);
        Tensor direction = method == SteeringMethod.PrincipalComponent ? Principal(positive - negative) : positive.mean([0]) - negative.mean([0]);
        if (direction.abs().max().item<float>() == 0)
            throw new PromptException($"Positives and negatives do not differ at '{layer}' on average: there is no direction. Do they end in the same tokens?");
        return new(layer, direction, Describe(method, positives.Count, negatives.Count), ModelName(model));
    }

    /// <summary>A random direction of the same length, to compare with: it shows what any vector of that length does.</summary>
    /// <param name="seed">The seed that it is drawn by.</param>
    /// <returns>A steering vector for the same layer, the caller's to dispose.</returns>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public SteeringVector RandomLike(long seed = 0)
    {
        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator((ulong)seed);
        Tensor vector = Vector, drawn = randn(vector.shape, generator: generator);
        return new(Layer, drawn.Times(Norm / drawn.norm().to(ScalarType.Float64).item<double>()), $"random, seed {seed}, of the same norm as: {Method ?? "unknown"}", Model);
    }

    /// <summary>A name for a model that tells it from others: its type and a hash of its weights.</summary>
    internal static string ModelName(LanguageModel model) => $"{TypeNames.Of(model.Model)} {ModelFingerprint.Of(model.Model)}";

    /// <summary>mean(dᵢ · u) u, for the u with the largest Σ (dᵢ · u)²; differences <c>[pairs, features]</c>.</summary>
    private static Tensor Principal(Tensor differences)
    {
        Tensor direction = linalg.svd(differences, fullMatrices: false).Vh[0];
        return direction * differences.matmul(direction).mean();
    }

    private static string Describe(SteeringMethod method, int positives, int negatives) => method switch
    {
        SteeringMethod.DifferenceOfMeans => $"difference of means of {positives} positive and {negatives} negative prompts, at the last token",
        SteeringMethod.PrincipalComponent => $"first principal component of the differences of {positives} pairs, at the last token",
        _ => $"contrastive activation addition, {positives} pairs, at the last token",
    };
}
