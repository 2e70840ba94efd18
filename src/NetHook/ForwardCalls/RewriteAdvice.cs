using System.Reflection;

namespace NetHook;

/// <summary>The advice for a layer that is run by <c>forward()</c>. It depends on whose code does it.</summary>
internal static class RewriteAdvice
{
    public static string For(MethodBase method, string layer, int arguments, bool hasCall)
    {
        string call = $"{Expression(layer)}({(arguments == 1 ? "x" : "...")})";
        if (!hasCall)
            return $"call() has no overload with these arguments: give {Quoted(layer)} a forward() that overrides that of Module<...>, and write {call}.";
        return Setting(method.Module.Assembly) is { } setting ? $"{setting}, or write {call}." : $"Write {call}.";
    }

    /// <summary>The same for all layers that an assembly's code runs, in one sentence.</summary>
    public static string ForAll(Assembly assembly, bool hasCall)
    {
        if (!hasCall)
            return "call() has no overload with the arguments of some of these: a forward() that overrides that of Module<...> is seen.";
        return Setting(assembly) is { } setting ? $"{setting}, or write call(x) for forward(x)." : "Write call(x) for forward(x).";
    }

    /// <summary>What has the build rewrite an assembly, as the beginning of a sentence; null for one that no build rewrites.</summary>
    public static string? Setting(Assembly assembly)
    {
        if (assembly.IsDynamic)
            return null;
        return IsOwn(assembly)
            ? "Set NetHookRewriteForward in the project file"
            : $"Add <NetHookRewriteForward Include=\"{assembly.GetName().Name}\" /> to the project file";
    }

    // Whoever uses this library in a project has its build at hand; assemblies that know nothing of it come from elsewhere.
    private static bool IsOwn(Assembly assembly) =>
        assembly == Assembly.GetEntryAssembly()
        || assembly.GetReferencedAssemblies().Any(reference => reference.Name == typeof(RewriteAdvice).Assembly.GetName().Name);

    private static string Quoted(string layer) => layer.Length == 0 ? "the model" : $"'{layer}'";

    private static string Expression(string layer)
    {
        string name = layer[(layer.LastIndexOf('.') + 1)..];
        return name.Length > 0 && (char.IsLetter(name[0]) || name[0] == '_') && name.All(letter => char.IsLetterOrDigit(letter) || letter == '_')
            ? name + ".call"
            : "call";
    }
}
