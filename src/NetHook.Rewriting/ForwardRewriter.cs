#if NET
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.Loader;
using System.Threading;

namespace NetHook.Rewriting;

/// <summary>Loads assemblies whose models run their layers by <c>forward()</c>, which runs no hooks, so that they run them by <c>call()</c>.</summary>
/// <remarks>
/// For scripts, notebooks and plug-ins. A project has the same done when it is built: <c>&lt;NetHookRewriteForward Include="..." /&gt;</c>.
/// Files are only read. All members may be used from several threads.
/// </remarks>
public static class ForwardRewriter
{
    private static readonly Lock Loading = new();
    private static readonly List<(Assembly Assembly, string Path, AssemblyLoadContext Context)> Loaded = [];

    /// <summary>Loads an assembly with its call sites rewritten. Assemblies that it refers to are found as from its own folder.</summary>
    /// <remarks>
    /// An assembly is loaded once: asked for the same file again, this returns the assembly that is there. One with nothing to rewrite is
    /// loaded from its file, as ever. One that is rewritten has no <see cref="Assembly.Location"/>. Assemblies that it refers to are not rewritten:
    /// load that first, by this method.
    /// </remarks>
    /// <param name="path">The assembly's file, absolute or relative to the current folder.</param>
    /// <param name="context">The context to load it into; null for the context in which the program itself is.</param>
    /// <returns>The assembly.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="BadImageFormatException">The file is no .NET assembly, holds native code, or refers to a TorchSharp that was trimmed.</exception>
    /// <exception cref="InvalidOperationException">The context has loaded an assembly of this name already, or it is a part of the program, which loads its own file.</exception>
    public static Assembly Load(string path, AssemblyLoadContext? context = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string file = Path.GetFullPath(path);
        if (!File.Exists(file))
            throw new FileNotFoundException($"There is no assembly {file} to load.", file);
        context ??= AssemblyLoadContext.Default;
        lock (Loading)
        {
            Assembly? known = Loaded.FirstOrDefault(entry => entry.Path == file && entry.Context == context).Assembly;
            if (known is not null)
                return known;
            ThrowIfLoaded(file, context);
            Assembly assembly = LoadRewritten(file, context);
            Loaded.Add((assembly, file, context));
            return assembly;
        }
    }

    private static Assembly LoadRewritten(string file, AssemblyLoadContext context)
    {
        using var resolver = new AssemblyFiles(FilesAround(file, context));
        AssemblyImage? rewritten;
        try
        {
            rewritten = AssemblyImage.Read(file).Rewrite(resolver, new ForwardWeaver().Rewrite);
        }
        catch (InvalidDataException unexpected)
        {
            throw new BadImageFormatException($"{file} cannot be rewritten, since {unexpected.Message}. Nothing was loaded.", file, unexpected);
        }

        new Dependencies(file).Serve(context);
        if (rewritten is null)
            return context.LoadFromAssemblyPath(file);
        using var image = new MemoryStream(rewritten.Assembly);
        using MemoryStream? symbols = rewritten.Symbols is null ? null : new MemoryStream(rewritten.Symbols);
        Assembly assembly = context.LoadFromStream(image, symbols);

        // Of a name that is in the program's own list, .NET loads the file in that list, whatever it is given.
        return assembly.Location.Length == 0 ? assembly : throw LoadedAlready(assembly, file);
    }

    private static void ThrowIfLoaded(string file, AssemblyLoadContext context)
    {
        string name = Path.GetFileNameWithoutExtension(file);
        if (context.Assemblies.FirstOrDefault(assembly => string.Equals(assembly.GetName().Name, name, StringComparison.OrdinalIgnoreCase)) is { } loaded)
            throw LoadedAlready(loaded, file);
    }

    private static InvalidOperationException LoadedAlready(Assembly loaded, string file) => new(
        $"{loaded.GetName().Name} is loaded already, from {(loaded.Location.Length == 0 ? "memory" : loaded.Location)}, and {file} would be a second one. "
        + "Load it here before anything uses it; if it is a part of the program, name it in the project file: "
        + $"<NetHookRewriteForward Include=\"{loaded.GetName().Name}\" />.");

    /// <summary>The assemblies that are loaded, then those of the program, then those in the file's folder.</summary>
    private static IEnumerable<string> FilesAround(string file, AssemblyLoadContext context) =>
    [
        .. context.Assemblies.Concat(AssemblyLoadContext.Default.Assemblies).Select(assembly => assembly.IsDynamic ? "" : assembly.Location).Where(location => location.Length > 0),
        .. ((string?)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries),
        .. Directory.EnumerateFiles(Path.GetDirectoryName(file)!, "*.dll"),
    ];
}
#endif
