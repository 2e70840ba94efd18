using System;
using System.IO;
using System.Linq;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace NetHook.Rewriting;

/// <summary>The bytes of an assembly, and of the portable symbols that lie beside it, if any.</summary>
internal sealed class AssemblyImage(byte[] assembly, byte[]? symbols)
{
    public byte[] Assembly { get; } = assembly;

    /// <summary>Null if there are none, or if they are inside the assembly.</summary>
    public byte[]? Symbols { get; } = symbols;

    /// <summary>Reads an assembly and the symbols beside it.</summary>
    public static AssemblyImage Read(string path)
    {
        string symbols = Path.ChangeExtension(path, ".pdb");
        return new(File.ReadAllBytes(path), File.Exists(symbols) ? File.ReadAllBytes(symbols) : null);
    }

    /// <summary>The assembly after a change. The same bytes and the same change give the same bytes.</summary>
    /// <param name="resolver">Finds the assemblies that this one refers to.</param>
    /// <param name="change">Changes the code, and says whether it did.</param>
    /// <param name="strongNameKey">Signs the assembly anew; without it, a signed assembly keeps its name and its old key, which .NET does not check.</param>
    /// <returns>Null if nothing was changed. Symbols are null if there were none that fit.</returns>
    /// <exception cref="InvalidDataException">The image is not one that can be read and written; the message says why, as "it is ...".</exception>
    public AssemblyImage? Rewrite(IAssemblyResolver resolver, Func<ModuleDefinition, bool> change, byte[]? strongNameKey = null)
    {
        using ModuleDefinition module = ReadModule(resolver);
        if ((module.Attributes & ModuleAttributes.ILOnly) == 0)
            throw new InvalidDataException("it holds native code beside its IL");
        ISymbolWriterProvider? symbolWriter = ReadSymbols(module);
        if (!change(module))
            return null;

        using var assembly = new MemoryStream();
        using var symbols = new MemoryStream();
        module.Write(assembly, new WriterParameters
        {
            DeterministicMvid = true,
            StrongNameKeyBlob = strongNameKey,
            WriteSymbols = symbolWriter is not null,
            SymbolWriterProvider = symbolWriter,
            SymbolStream = symbolWriter is null or EmbeddedSymbols ? null : symbols,
        });
        return new(assembly.ToArray(), symbols.Length == 0 ? null : symbols.ToArray());
    }

    /// <summary>Writes the assembly, and its symbols beside it, through temporary files: what the destination was linked to stays.</summary>
    public void Write(string path)
    {
        if (Symbols is not null)
            Write(Symbols, Path.ChangeExtension(path, ".pdb"));
        Write(Assembly, path);
    }

    private static void Write(byte[] content, string path)
    {
        string temporary = path + "." + Path.GetRandomFileName();
        try
        {
            File.WriteAllBytes(temporary, content);
            File.Delete(path);
            File.Move(temporary, path);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private ModuleDefinition ReadModule(IAssemblyResolver resolver)
    {
        try
        {
            return ModuleDefinition.ReadModule(
                new MemoryStream(Assembly),
                new ReaderParameters { AssemblyResolver = resolver, MetadataImporterProvider = new KnownReferences(), ReadingMode = ReadingMode.Deferred });
        }
        catch (Exception unreadable) when (unreadable is BadImageFormatException or IOException or ArgumentException or IndexOutOfRangeException)
        {
            throw new InvalidDataException("it is no .NET assembly, or a damaged one", unreadable);
        }
    }

    /// <summary>Reads symbols that fit, and gives the writer for symbols of their kind.</summary>
    private ISymbolWriterProvider? ReadSymbols(ModuleDefinition module)
    {
        if (module.HasDebugHeader && module.GetDebugHeader().Entries.Any(entry => entry.Directory.Type == ImageDebugType.EmbeddedPortablePdb))
        {
            module.ReadSymbols(new EmbeddedPortablePdbReaderProvider().GetSymbolReader(module, ""));
            return new EmbeddedSymbols();
        }

        // Symbols in the older format of Windows begin with other letters.
        if (Symbols is not { Length: > 4 } || Symbols[0] != 'B' || Symbols[1] != 'S')
            return null;
        module.ReadSymbols(new PortablePdbReaderProvider().GetSymbolReader(module, new MemoryStream(Symbols)), throwIfSymbolsAreNotMaching: false);
        return module.HasSymbols ? new PortablePdbWriterProvider() : null;
    }

    /// <summary>Cecil writes embedded symbols for files alone, of which it uses only the name.</summary>
    private sealed class EmbeddedSymbols : ISymbolWriterProvider
    {
        public ISymbolWriter GetSymbolWriter(ModuleDefinition module, string fileName) =>
            new EmbeddedPortablePdbWriterProvider().GetSymbolWriter(module, module.Name);

        public ISymbolWriter GetSymbolWriter(ModuleDefinition module, Stream symbolStream) => throw new NotSupportedException();
    }

    /// <summary>Refers to assemblies in the versions in which the module refers to them already.</summary>
    private sealed class KnownReferences : IMetadataImporterProvider
    {
        public IMetadataImporter GetMetadataImporter(ModuleDefinition module) => new Importer(module);

        private sealed class Importer(ModuleDefinition module) : DefaultMetadataImporter(module)
        {
            public override AssemblyNameReference ImportReference(AssemblyNameReference name) =>
                module.AssemblyReferences.FirstOrDefault(known => known.Name == name.Name) ?? base.ImportReference(name);
        }
    }
}
