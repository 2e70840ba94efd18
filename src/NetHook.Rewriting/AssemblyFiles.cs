using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Mono.Cecil;

namespace NetHook.Rewriting;

/// <summary>Finds assemblies by name among given files. It finds no others: the rewriter leaves alone what it cannot see.</summary>
internal sealed class AssemblyFiles : IAssemblyResolver
{
    private readonly Dictionary<string, string> _files = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, AssemblyDefinition?> _read = new(StringComparer.OrdinalIgnoreCase);

    /// <param name="files">Paths of assemblies; of two with one name, the first counts.</param>
    public AssemblyFiles(IEnumerable<string> files)
    {
        foreach (string? file in files.Reverse())
            _files[Path.GetFileNameWithoutExtension(file)] = file;
    }

    /// <summary>Null if there is no such file, or it cannot be read.</summary>
    public AssemblyDefinition? Resolve(AssemblyNameReference name) => Resolve(name, new ReaderParameters());

    public AssemblyDefinition? Resolve(AssemblyNameReference name, ReaderParameters parameters)
    {
        if (!_read.TryGetValue(name.Name, out AssemblyDefinition? assembly))
        {
            assembly = _files.TryGetValue(name.Name, out string? file) ? Read(file) : null;
            _read.Add(name.Name, assembly);
        }

        return assembly;
    }

    public void Dispose()
    {
        foreach (AssemblyDefinition? assembly in _read.Values)
            assembly?.Dispose();
    }

    private AssemblyDefinition? Read(string file)
    {
        try
        {
            // In memory: no file stays open, so that the next build can write it.
            return AssemblyDefinition.ReadAssembly(file, new ReaderParameters { AssemblyResolver = this, InMemory = true });
        }
        catch (Exception unreadable) when (unreadable is BadImageFormatException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
