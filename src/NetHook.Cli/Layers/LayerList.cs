using NetHook.Interpretability;
using TorchSharp.Modules;
using static TorchSharp.torch.nn;

namespace NetHook.Cli;

/// <summary>What <c>nethook layers</c> found. The property names are those of its JSON.</summary>
/// <param name="Model">The model's folder.</param>
/// <param name="Family">The model's family, as its settings name it.</param>
/// <param name="Sizes">How large it is.</param>
/// <param name="Parameters">How many parameters the model holds; one that several layers share counts once.</param>
/// <param name="Layers">The layers, in the order of definition.</param>
internal sealed record LayerList(string Model, string Family, ModelSizes Sizes, long Parameters, IReadOnlyList<LayerListItem> Layers)
{
    public static LayerList Of(DecoderModel model, string pattern, string folder) => new(
        folder,
        model.Family,
        ModelSizes.Of(model),
        CountParameters(model),
        [.. LayerSelection.Matching(model, pattern).Select(name =>
        {
            Module layer = model.GetModule(name);
            return new LayerListItem(name, ModuleTypeName.Of(layer), CountParameters(layer));
        })]);

    private static long CountParameters(Module module) =>
        module.ParameterNames().Select(module.GetParameter).Distinct<Parameter>(ReferenceEqualityComparer.Instance).Sum(parameter => parameter.numel());
}

/// <summary>One layer of a <see cref="LayerList"/>.</summary>
internal sealed record LayerListItem(string Layer, string Type, long Parameters);

/// <summary>How large a model is.</summary>
/// <param name="Blocks">How many blocks it has.</param>
/// <param name="Width">How many numbers the vector of a token has.</param>
/// <param name="Vocabulary">How many token ids it knows.</param>
/// <param name="MaxTokens">How many tokens it reads at once; null if there is no limit.</param>
internal sealed record ModelSizes(int Blocks, long Width, long Vocabulary, int? MaxTokens)
{
    public static ModelSizes Of(DecoderModel model)
    {
        long[] embeddings = model.GetParameter(model.Layout.Embedding + ".weight").shape;
        return new(model.Layout.Layers, embeddings[1], embeddings[0], model.Layout.MaxTokens);
    }
}
