using System.Diagnostics;
using System.Reflection;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>Looks for a layer's earlier calls on this thread's stack. Slow: for the doubtful case alone.</summary>
internal static class RunningCalls
{
    /// <summary>
    /// Whether the layer, about to run, may be inside another call of its own: a forward of its type is on the stack, or a call() whose
    /// forward does not show, because the compiler has inlined it.
    /// </summary>
    public static bool MayInclude(Module module)
    {
        bool isOwnCall = true;
        MethodBase? inner = null;
        foreach (StackFrame frame in new StackTrace(fNeedFileInfo: false).GetFrames())
        {
            MethodBase? method = frame.GetMethod();
            if (method is { Name: "forward" } && IsOf(module.GetType(), method.DeclaringType))
                return true;
            if (method is { Name: "call", DeclaringType: { } declaring } && HookableTypes.CalledAs(declaring) is not null)
            {
                if (!isOwnCall && inner?.Name != "forward")
                    return true;
                isOwnCall = false;
            }

            inner = method;
        }

        return false;
    }

    // The stack shows shared code of generic types, whose arguments are not those of the layer's type.
    private static bool IsOf(Type? type, Type? declaring)
    {
        for (Type? ancestor = type; ancestor is not null; ancestor = ancestor.BaseType)
        {
            if (Definition(ancestor) == Definition(declaring))
                return true;
        }

        return false;
    }

    private static Type? Definition(Type? type) => type is { IsGenericType: true } ? type.GetGenericTypeDefinition() : type;
}
