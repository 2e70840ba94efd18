namespace NetHook.Interpretability;

/// <summary>
/// Where a transformer language model has its parts: the paths of its layers, by which every analysis finds what it traces
/// and edits. Immutable; holds no model.
/// </summary>
/// <remarks>
/// <para>The models of this library have theirs (<see cref="DecoderModel.Layout"/>). For a model of your own, give the paths as
/// <see cref="ModuleExtensions.ModuleNames(TorchSharp.torch.nn.Module, string)"/> lists them, with <c>{0}</c> for the number
/// of the block. Only the first four are required; an analysis that needs another one says so.</para>
/// <para>What runs at each place is a layer that is run by <c>call()</c> and returns one tensor, <c>[batch, tokens, width]</c>
/// unless said otherwise. <see cref="Validate"/> compares a layout with a model; a <see cref="LanguageModel"/> does it when it is made.</para>
/// </remarks>
/// <example><code>
/// var layout = new TransformerLayout
/// {
///     Layers = 4,
///     Embedding = "tokens",
///     BlockPath = "blocks.{0}",
///     AttentionPath = "blocks.{0}.attention",
///     MlpPath = "blocks.{0}.mlp",
///     MlpProjectionPath = "blocks.{0}.mlp.down",
///     FinalNorm = "norm",
///     Head = "head",
/// };
/// </code></example>
public sealed partial record TransformerLayout
{
    private readonly IReadOnlyList<string>? _readout;

    /// <summary>How many blocks the model has.</summary>
    public required int Layers { get; init; }

    /// <summary>The layer that turns token ids into vectors. Its parameter <c>weight</c> is <c>[vocabulary, width]</c>.</summary>
    public required string Embedding { get; init; }

    /// <summary>
    /// The blocks, such as <c>blocks.{0}</c>. The first argument of a block is the residual stream; its output is the
    /// residual stream behind it, which is what enters the next block.
    /// </summary>
    public required string BlockPath { get; init; }

    /// <summary>The layer that gives the logits, <c>[batch, tokens, vocabulary]</c>.</summary>
    public required string Head { get; init; }

    /// <summary>The norm between the last block and the head; null if the model has none.</summary>
    public string? FinalNorm { get; init; }

    /// <summary>
    /// The layers that make logits of the residual stream behind the last block, in the order in which they run, each given
    /// what the one before it returned. By default <see cref="FinalNorm"/>, if there is one, and <see cref="Head"/>. Say it
    /// for a model that does more, such as one that projects before the head or caps the logits behind it.
    /// </summary>
    public IReadOnlyList<string> Readout
    {
        get => _readout ?? (FinalNorm is null ? [Head] : [FinalNorm, Head]);
        init => _readout = value;
    }

    /// <summary>The most tokens that the model reads at once; null if it sets no limit.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>Each block's attention: what it returns is added to the residual stream.</summary>
    public string? AttentionPath { get; init; }

    /// <summary>Each block's MLP: what it returns is added to the residual stream.</summary>
    public string? MlpPath { get; init; }

    /// <summary>
    /// Whether a block adds what its MLP returns to the residual stream as it is. If so, MLP outputs are traced faster, and with
    /// the same result. False, which is always right, for a model that does more, such as Gemma 2 with its norm between.
    /// </summary>
    public bool AddsMlpOutput { get; init; }

    /// <summary>
    /// The layer whose output enters <see cref="MlpProjectionPath"/>: the keys of ROME. In a gated MLP it is a place behind
    /// the product of gate and values.
    /// </summary>
    public string? MlpKeysPath { get; init; }

    /// <summary>
    /// The last linear layer of each MLP, that ROME edits. Its parameter <c>weight</c> is <c>[keys, width]</c> or
    /// <c>[width, keys]</c>.
    /// </summary>
    public string? MlpProjectionPath { get; init; }

    /// <summary>The queries of each attention, <c>[batch, heads, tokens, size]</c>, as they meet the keys.</summary>
    public string? QueriesPath { get; init; }

    /// <summary>The keys of each attention, <c>[batch, heads, tokens, size]</c>, as they meet the queries.</summary>
    public string? KeysPath { get; init; }

    /// <summary>The values of each attention, <c>[batch, heads, tokens, size]</c>.</summary>
    public string? ValuesPath { get; init; }

    /// <summary>The scores before the softmax, <c>[batch, heads, to, from]</c>.</summary>
    public string? AttentionScoresPath { get; init; }

    /// <summary>The attention pattern behind the softmax, <c>[batch, heads, to, from]</c>.</summary>
    public string? AttentionPatternPath { get; init; }

    /// <summary>What each head adds up by its pattern, before the output projection.</summary>
    public string? HeadOutputsPath { get; init; }

    /// <summary>The path of a block.</summary>
    /// <param name="layer">The number of the block, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block.</exception>
    public string Block(int layer) => Path(BlockPath, layer, nameof(BlockPath), "");

    /// <summary>The path of a block's attention.</summary>
    /// <inheritdoc cref="Mlp" path="/param | /exception"/>
    public string Attention(int layer) => Path(AttentionPath, layer, nameof(AttentionPath), "Attention outputs are traced and patched");

    /// <summary>The path of a block's MLP.</summary>
    /// <param name="layer">The number of the block, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block.</exception>
    /// <exception cref="LayoutException">The layout does not say where it is.</exception>
    public string Mlp(int layer) => Path(MlpPath, layer, nameof(MlpPath), "MLP outputs are traced, patched and edited");

    /// <summary>The path of the layer that gives an MLP's keys.</summary>
    /// <inheritdoc cref="Mlp" path="/param | /exception"/>
    public string MlpKeys(int layer) => Path(MlpKeysPath, layer, nameof(MlpKeysPath), "Statistics of the MLP's keys are gathered");

    /// <summary>The path of an MLP's last linear layer.</summary>
    /// <inheritdoc cref="Mlp" path="/param | /exception"/>
    public string MlpProjection(int layer) => Path(MlpProjectionPath, layer, nameof(MlpProjectionPath), "ROME reads its keys, and edits,");

    /// <summary>The path of an attention's queries.</summary>
    /// <inheritdoc cref="Mlp" path="/param | /exception"/>
    public string Queries(int layer) => Path(QueriesPath, layer, nameof(QueriesPath), "Queries are read");

    /// <summary>The path of an attention's keys.</summary>
    /// <inheritdoc cref="Mlp" path="/param | /exception"/>
    public string Keys(int layer) => Path(KeysPath, layer, nameof(KeysPath), "Keys are read");

    /// <summary>The path of an attention's values.</summary>
    /// <inheritdoc cref="Mlp" path="/param | /exception"/>
    public string Values(int layer) => Path(ValuesPath, layer, nameof(ValuesPath), "Values are read");

    /// <summary>The path of an attention's scores.</summary>
    /// <inheritdoc cref="Mlp" path="/param | /exception"/>
    public string AttentionScores(int layer) => Path(AttentionScoresPath, layer, nameof(AttentionScoresPath), "Attention scores are read");

    /// <summary>The path of an attention's pattern.</summary>
    /// <inheritdoc cref="Mlp" path="/param | /exception"/>
    public string AttentionPattern(int layer) => Path(AttentionPatternPath, layer, nameof(AttentionPatternPath), "Attention patterns are read");

    /// <summary>The path of what an attention's heads give.</summary>
    /// <inheritdoc cref="Mlp" path="/param | /exception"/>
    public string HeadOutputs(int layer) => Path(HeadOutputsPath, layer, nameof(HeadOutputsPath), "Outputs of heads are read");

    private string Path(string? template, int layer, string place, string use)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(layer);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(layer, Layers);
        return template is not null ? Fill(template, layer) : throw new LayoutException(
            place, null, $"The layout has no {place}. {use} at that place: set {place} to the path of the layer, with {Number} for the number of the block, such as \"{BlockPath}.NAME\".");
    }
}
