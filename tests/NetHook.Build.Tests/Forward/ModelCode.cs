using System.Reflection;
using System.Runtime.Loader;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;
using Microsoft.CodeAnalysis.Text;
using NetHook.Rewriting;

namespace NetHook.Build.Tests;

/// <summary>Code of models, compiled in memory, rewritten, and loaded where it meets no other.</summary>
internal static class ModelCode
{
    private const string Usings = """
        global using System; global using System.Collections.Generic; global using System.Linq; global using System.Threading.Tasks;
        global using TorchSharp; global using TorchSharp.Modules; global using static TorchSharp.torch;
        """;

    private static readonly string[] Assemblies = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
    private static readonly MetadataReference[] References = [.. Assemblies.Select(file => MetadataReference.CreateFromFile(file))];

    public static AssemblyFiles Resolver => new(Assemblies);

    public static AssemblyImage Compile(
        string code,
        bool optimize = false,
        DebugInformationFormat symbols = DebugInformationFormat.PortablePdb,
        string name = "Model",
        IEnumerable<MetadataReference>? references = null,
        CompilationOptions? options = null)
    {
        options ??= new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable)
            .WithOptimizationLevel(optimize ? OptimizationLevel.Release : OptimizationLevel.Debug).WithDeterministic(true);
        var compilation = CSharpCompilation.Create(
            name,
            [Parse(Usings, "Usings.cs"), Parse(code, "Model.cs")],
            [.. References, .. references ?? []],
            (CSharpCompilationOptions)options);
        using var assembly = new MemoryStream();
        using MemoryStream? pdb = symbols == DebugInformationFormat.PortablePdb ? new MemoryStream() : null;
        EmitResult result = compilation.Emit(assembly, pdb, options: new(debugInformationFormat: symbols, pdbFilePath: name + ".pdb"));
        Assert.True(result.Success, string.Join('\n', result.Diagnostics));
        return new(assembly.ToArray(), pdb?.ToArray());
    }

    /// <summary>The image after rewriting, which must change it, and what was kept.</summary>
    public static (AssemblyImage Image, ForwardWeaver Weaver) Rewrite(AssemblyImage image)
    {
        using AssemblyFiles resolver = Resolver;
        var weaver = new ForwardWeaver();
        AssemblyImage? rewritten = image.Rewrite(resolver, weaver.Rewrite);
        return (rewritten ?? image, weaver);
    }

    public static Assembly Load(AssemblyImage image)
    {
        var context = new AssemblyLoadContext(null, isCollectible: true);
        return context.LoadFromStream(new MemoryStream(image.Assembly), image.Symbols is null ? null : new MemoryStream(image.Symbols));
    }

    /// <summary>An instance of the class Net in an image.</summary>
    public static TorchSharp.torch.nn.Module<TorchSharp.torch.Tensor, TorchSharp.torch.Tensor> Net(AssemblyImage image) =>
        (TorchSharp.torch.nn.Module<TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>)Activator.CreateInstance(Load(image).GetType("Net")!)!;

    private static SyntaxTree Parse(string code, string path) => CSharpSyntaxTree.ParseText(SourceText.From(code, Encoding.UTF8), path: path);
}
