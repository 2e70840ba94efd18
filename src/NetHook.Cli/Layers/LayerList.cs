using TorchSharp.Modules;
using static TorchSharp.torch.nn;

namespace NetHook.Cli;

/// <summary>What <c>nethook layers</c> found. The property names are those of its JSON.</summary>
/// <param name="Model">The model's folder.</param>
/// <param name="Parameters">How many parameters the model holds; one that several layers share counts once.</param>
/// <param name="Layers">The layers, in the order of definition.</param>
internal sealed record LayerList(string Model, long Parameters, IReadOnlyList<LayerListItem> Layers)
{
    public static LayerList Of(Module model, string pattern, string folder) => new(
        folder,
        CountParameters(model),
        [.. model.ModuleNames(pattern, includeHolders: true).Select(name =>
        {
            Module layer = model.GetModule(name);
            return new LayerListItem(name, ModuleTypeName.Of(layer), CountParameters(layer));
        })]);

    private static long CountParameters(Module module) =>
        module.ParameterNames().Select(module.GetParameter).Distinct<Parameter>(ReferenceEqualityComparer.Instance).Sum(parameter => parameter.numel());
}

/// <summary>One layer of a <see cref="LayerList"/>.</summary>
internal sealed record LayerListItem(string Layer, string Type, long Parameters);
