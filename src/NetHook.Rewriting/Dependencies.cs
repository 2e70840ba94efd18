#if NET
using System;
using System.IO;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace NetHook.Rewriting;

/// <summary>Finds what an assembly refers to and nothing else has found: as its <c>.deps.json</c> says, or in its folder.</summary>
internal sealed class Dependencies(string file)
{
    private readonly AssemblyDependencyResolver _resolver = new(file);

    /// <summary>Answers a context's questions from now on.</summary>
    public void Serve(AssemblyLoadContext context)
    {
        context.Resolving += (asking, name) => Find(name) is { } found ? asking.LoadFromAssemblyPath(found) : null;
        context.ResolvingUnmanagedDll += (_, name) => _resolver.ResolveUnmanagedDllToPath(name) is { } found ? NativeLibrary.Load(found) : IntPtr.Zero;
    }

    private string? Find(AssemblyName name)
    {
        if (_resolver.ResolveAssemblyToPath(name) is { } listed)
            return listed;
        string beside = Path.Combine(Path.GetDirectoryName(file)!, name.Name + ".dll");
        return File.Exists(beside) ? beside : null;
    }
}
#endif
