using System.Reflection;
using TorchSharp;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>Which methods run a module past its hooks, and which are read to find such uses.</summary>
internal static class ForwardMethods
{
    private const string Forward = "forward";

    /// <summary>Whether a method is a module's <c>forward</c>, of the arguments that <c>call</c> has too or of others.</summary>
    public static bool IsForward(MethodBase method) =>
        method is MethodInfo { Name: Forward, IsStatic: false } && typeof(Module).IsAssignableFrom(method.DeclaringType);

    /// <summary>A use of <c>forward</c> in a method.</summary>
    public static ForwardUse Use(MethodBase user, MethodBase forward) => new(user, forward.GetParameters().Length, HasCall(forward));

    /// <summary>Whether a method's code is read: that of TorchSharp, of .NET and of this library is not.</summary>
    public static bool IsRead(MethodBase method)
    {
        Assembly assembly = method.Module.Assembly;
        return !method.IsAbstract && assembly != typeof(torch).Assembly && assembly != typeof(ForwardMethods).Assembly && !IsFramework(assembly);
    }

    /// <summary>The <c>forward</c> that <c>call()</c> of a module runs; null for a holder of modules.</summary>
    public static MethodInfo? Of(Module module)
    {
        if (HookableTypes.CalledAs(module.GetType()) is not { } called
            || called.GetMethod(Forward, [.. called.GetGenericArguments().SkipLast(1)]) is not { } declared)
        {
            return null;
        }

        MethodInfo root = declared.GetBaseDefinition();
        return module.GetType().GetMethods(BindingFlags.Instance | BindingFlags.Public)
            .FirstOrDefault(method => method.Name == Forward && method.GetBaseDefinition() == root);
    }

    private static bool HasCall(MethodBase forward) =>
        ((MethodInfo)forward).GetBaseDefinition().DeclaringType is { } declaring && HookableTypes.CalledAs(declaring) == declaring;

    private static bool IsFramework(Assembly assembly)
    {
        string? name = assembly.GetName().Name;
        return name is null or "System" or "mscorlib" or "netstandard" or "FSharp.Core" || name.StartsWith("System.", StringComparison.Ordinal);
    }
}
