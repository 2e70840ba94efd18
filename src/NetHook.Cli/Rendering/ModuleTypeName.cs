using static TorchSharp.torch.nn;

namespace NetHook.Cli;

/// <summary>A layer's type as a user knows it: <c>ModuleList</c>, without type arguments.</summary>
internal static class ModuleTypeName
{
    public static string Of(Module module) => module.GetType().Name.Split('`')[0];
}
