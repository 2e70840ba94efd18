using System.Globalization;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

// Comparing a layout with a model.
public sealed partial record TransformerLayout
{
    private const string Number = "{0}";

    /// <summary>Compares the layout with a model.</summary>
    /// <param name="model">The model. It is not run and not changed.</param>
    /// <exception cref="LayoutException">The model has no layer at a path, has more blocks than <see cref="Layers"/> says, or has a layer
    /// there that cannot be what the layout says. The message names the path, what was found there, and names that are near.</exception>
    public void Validate(Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (Layers < 1)
            throw new LayoutException(nameof(Layers), null, $"Layers is {Layers}: a layout has at least one block.");
        CheckBlocks(model);
        CheckEmbedding(model);
        Find(model, nameof(Head), Head);
        if (FinalNorm is not null)
            Find(model, nameof(FinalNorm), FinalNorm);
        if (Readout.Count == 0)
            throw new LayoutException(nameof(Readout), null, "Readout is empty: name the layers that make logits of the residual stream, the head at least.");
        foreach (string path in Readout)
            CheckOneToOne(path, Find(model, nameof(Readout), path));
        foreach ((string place, string template) in InBlocks())
        {
            for (int layer = 0; layer < Layers; layer++)
                CheckTensor(place, Fill(template, layer), Find(model, place, Template(place, template, layer)));
        }
    }

    /// <summary>Whether a module runs, and returns one tensor.</summary>
    internal static bool ReturnsTensor(Module module) => TypeOf(module)?[^1] == typeof(Tensor);

    private static string Fill(string template, int layer) =>
        template.Replace(Number, layer.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

    /// <summary>The path for a block, of a template that says where the block's number belongs.</summary>
    private static string Template(string place, string template, int layer) => template.Contains(Number, StringComparison.Ordinal)
        ? Fill(template, layer)
        : throw new LayoutException(place, template, $"{place} is \"{template}\", without {Number}: put {Number} where the number of the block belongs, such as \"blocks.{Number}\".");

    private static Module Find(Module model, string place, string path)
    {
        try
        {
            return model.GetModule(path);
        }
        catch (ModuleNotFoundException e)
        {
            throw new LayoutException(place, path, $"{place} of the layout is '{path}'. {e.Message}", e);
        }
    }

    private static void CheckTensor(string place, string path, Module module)
    {
        if (TypeOf(module) is { } types && types[^1] != typeof(Tensor))
            throw new LayoutException(place, path, $"{place} of the layout is '{path}' ({TypeNames.Of(module)}), which returns {TypeNames.Of(types[^1])}: the analyses need a layer that returns one Tensor.");
        if (module is IEnumerable<Module> && TypeOf(module) is null)
            throw new LayoutException(place, path, $"{place} of the layout is '{path}' ({TypeNames.Of(module)}), which never runs itself: name a layer that does.");
    }

    private static void CheckOneToOne(string path, Module module)
    {
        if (module is not Module<Tensor, Tensor>)
            throw new LayoutException(nameof(Readout), path, $"Readout of the layout has '{path}' ({TypeNames.Of(module)}): each of its layers takes one Tensor and returns one.");
    }

    /// <summary>The types of a module's arguments and, last, of its result; null for one that never runs.</summary>
    private static Type[]? TypeOf(Module module)
    {
        for (Type? type = module.GetType(); type is not null; type = type.BaseType)
        {
            if (type.IsGenericType && type.Namespace == "TorchSharp" && type.Name.StartsWith("Module`", StringComparison.Ordinal))
                return type.GetGenericArguments();
        }

        return null;
    }

    private void CheckBlocks(Module model)
    {
        var seen = new Dictionary<Module, string>(ReferenceEqualityComparer.Instance);
        for (int layer = 0; layer < Layers; layer++)
        {
            string path = Template(nameof(BlockPath), BlockPath, layer);
            Module block = Find(model, nameof(BlockPath), path);
            CheckTensor(nameof(BlockPath), path, block);
            if (!seen.TryAdd(block, path))
                throw new LayoutException(nameof(BlockPath), path, $"'{path}' is the same layer as '{seen[block]}': blocks that share their weights cannot be told apart by a trace.");
        }

        if (ModuleTree.Find(model, Fill(BlockPath, Layers)) is not null)
            throw new LayoutException(nameof(Layers), Fill(BlockPath, Layers), $"Layers is {Layers}, but {TypeNames.Of(model)} has '{Fill(BlockPath, Layers)}' as well: count it in.");
    }

    private void CheckEmbedding(Module model)
    {
        Module module = Find(model, nameof(Embedding), Embedding);
        string weight = Embedding + ".weight";
        Parameter? found = ModuleParameters.Find(model, weight);
        if (found is null)
            throw new LayoutException(nameof(Embedding), Embedding, $"Embedding of the layout is '{Embedding}', which has no parameter 'weight' of [vocabulary, width].");
        if (found.dim() != 2)
            throw new LayoutException(nameof(Embedding), Embedding, $"Embedding of the layout is '{Embedding}', whose weight is [{string.Join(", ", found.shape)}], not [vocabulary, width].");
        if (module is not Module<Tensor, Tensor>)
            throw new LayoutException(nameof(Embedding), Embedding, $"Embedding of the layout is '{Embedding}' ({TypeNames.Of(module)}): that place takes one Tensor of ids and returns one of vectors.");
    }

    private IEnumerable<(string Place, string Template)> InBlocks() =>
        from pair in new[]
        {
            (nameof(AttentionPath), AttentionPath), (nameof(MlpPath), MlpPath), (nameof(MlpKeysPath), MlpKeysPath), (nameof(MlpProjectionPath), MlpProjectionPath),
            (nameof(QueriesPath), QueriesPath), (nameof(KeysPath), KeysPath), (nameof(ValuesPath), ValuesPath),
            (nameof(AttentionScoresPath), AttentionScoresPath), (nameof(AttentionPatternPath), AttentionPatternPath), (nameof(HeadOutputsPath), HeadOutputsPath),
        }
        where pair.Item2 is not null
        select (pair.Item1, pair.Item2!);
}
