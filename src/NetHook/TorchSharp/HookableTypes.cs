using TorchSharp;
using static TorchSharp.torch.nn;

namespace NetHook;

/// <summary>Knows the types of modules that TorchSharp calls, and gives hooks: one generic type for each number of arguments.</summary>
internal static class HookableTypes
{
    private static readonly HashSet<Type> Called =
    [
        typeof(Module<,>), typeof(Module<,,>), typeof(Module<,,,>), typeof(Module<,,,,>), typeof(Module<,,,,,>), typeof(Module<,,,,,,>),
        typeof(torch.jit.ScriptModule<,>), typeof(torch.jit.ScriptModule<,,>),
    ];

    /// <summary>
    /// What a type of module is called as, <c>Module&lt;Tensor, Tensor&gt;</c> for most; null for one that is never called: a holder of
    /// modules, such as ModuleList.
    /// </summary>
    public static Type? CalledAs(Type module)
    {
        for (Type? ancestor = module; ancestor is not null; ancestor = ancestor.BaseType)
        {
            if (ancestor.IsGenericType && Called.Contains(ancestor.GetGenericTypeDefinition()))
                return ancestor;
        }

        return null;
    }
}
