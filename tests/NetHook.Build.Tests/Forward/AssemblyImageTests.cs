using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Security.Cryptography;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;
using NetHook.Rewriting;
using static TorchSharp.torch;

namespace NetHook.Build.Tests;

/// <summary>What rewriting leaves of an assembly beside its code: symbols, names, the same bytes each time; and what is refused.</summary>
public sealed class AssemblyImageTests
{
    private const string Net = """
        public class Net() : nn.Module<Tensor, Tensor>("Net")
        {
            public Linear layer = nn.Linear(4, 4);

            public override Tensor forward(Tensor x)
            {
                var y = layer.forward(x);
                return Fail(y) + y;
            }

            [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
            private static Tensor Fail(Tensor x) =>
                throw new InvalidOperationException();
        }
        """;

    [Theory]
    [InlineData(DebugInformationFormat.PortablePdb, false)]
    [InlineData(DebugInformationFormat.PortablePdb, true)]
    [InlineData(DebugInformationFormat.Embedded, false)]
    [InlineData(DebugInformationFormat.Embedded, true)]
    public void Stack_trace_shows_the_lines_of_the_source(DebugInformationFormat symbols, bool optimize)
    {
        (AssemblyImage? rewritten, ForwardWeaver? weaver) = ModelCode.Rewrite(ModelCode.Compile(Net, optimize, symbols));
        Assert.Equal(1, weaver.Rewritten);

        using nn.Module<Tensor, Tensor> net = ModelCode.Net(rewritten);
        string? trace = Assert.Throws<InvalidOperationException>(() => net.call(ones(1, 4))).StackTrace;
        Assert.Contains("Model.cs:line 13", trace, StringComparison.Ordinal);
        Assert.Contains("Model.cs:line 8", trace, StringComparison.Ordinal);
        Assert.Equal(symbols == DebugInformationFormat.PortablePdb, rewritten.Symbols is not null);
    }

    [Theory]
    [InlineData(DebugInformationFormat.PortablePdb)]
    [InlineData(DebugInformationFormat.Embedded)]
    public void Same_assembly_gives_the_same_bytes(DebugInformationFormat symbols)
    {
        AssemblyImage image = ModelCode.Compile(Net, symbols: symbols);
        (AssemblyImage? one, AssemblyImage? other) = (ModelCode.Rewrite(image).Image, ModelCode.Rewrite(image).Image);

        Assert.NotEqual(image.Assembly, one.Assembly);
        Assert.Equal(one.Assembly, other.Assembly);
        Assert.Equal(one.Symbols, other.Symbols);
        Assert.NotEqual(Mvid(image), Mvid(one));
    }

    [Fact]
    public void Symbols_of_another_assembly_are_left_out()
    {
        var image = new AssemblyImage(ModelCode.Compile(Net).Assembly, ModelCode.Compile(Net + "class Other;").Symbols);

        Assert.Null(ModelCode.Rewrite(image).Image.Symbols);
    }

    [Fact]
    public void Symbols_in_the_older_format_of_Windows_are_left_out()
    {
        var image = new AssemblyImage(ModelCode.Compile(Net).Assembly, "Microsoft C/C++ MSF 7.00\r\n"u8.ToArray());

        Assert.Null(ModelCode.Rewrite(image).Image.Symbols);
    }

    [Fact]
    public void Signed_assembly_keeps_its_key_and_is_signed_anew_if_the_key_is_there()
    {
        using var rsa = new RSACryptoServiceProvider(2048);
        byte[] key = rsa.ExportCspBlob(includePrivateParameters: true);
        string file = Path.GetTempFileName();
        File.WriteAllBytes(file, key);
        AssemblyImage image = ModelCode.Compile(Net, options: new CSharpCompilationOptions(
            OutputKind.DynamicallyLinkedLibrary, cryptoKeyFile: file, strongNameProvider: new DesktopStrongNameProvider()));
        File.Delete(file);

        using AssemblyFiles resolver = ModelCode.Resolver;
        AssemblyImage kept = image.Rewrite(resolver, new ForwardWeaver().Rewrite)!;
        AssemblyImage signed = image.Rewrite(resolver, new ForwardWeaver().Rewrite, key)!;
        foreach (AssemblyImage? rewritten in new[] { kept, signed })
            Assert.Equal(ModelCode.Load(image).GetName().GetPublicKeyToken(), ModelCode.Load(rewritten).GetName().GetPublicKeyToken());
        Assert.All(Signature(kept), value => Assert.Equal(0, value));
        Assert.Contains(Signature(signed), value => value != 0);
    }

    [Theory]
    [InlineData("it is no .NET assembly, or a damaged one", "")]
    [InlineData("it is no .NET assembly, or a damaged one", "MZ and then nothing of the kind")]
    public void File_that_is_no_assembly_is_refused(string reason, string content) => AssertRefused(reason, new(System.Text.Encoding.ASCII.GetBytes(content), null));

    [Fact]
    public void Native_library_is_refused() =>
        AssertRefused("it is no .NET assembly, or a damaged one", new(File.ReadAllBytes(Paths.LibTorchSharp), null));

    [Fact]
    public void Assembly_cut_short_is_refused()
    {
        byte[] whole = ModelCode.Compile(Net).Assembly;

        foreach (int length in new[] { 64, 200, 600, whole.Length / 2 })
            AssertRefused("it is no .NET assembly, or a damaged one", new(whole[..length], null));
    }

    [Fact]
    public void Native_code_beside_the_IL_is_refused()
    {
        byte[] image = ModelCode.Compile(Net).Assembly;
        using var reader = new PEReader(new MemoryStream(image));
        image[reader.PEHeaders.CorHeaderStartOffset + 16] &= 0xfe;

        AssertRefused("it holds native code beside its IL", new(image, null));
    }

    [Fact]
    public void TorchSharp_without_call_is_refused()
    {
        AssemblyImage image = ModelCode.Compile("public static class Runner { public static Tensor Run(Linear layer, Tensor x) => layer.forward(x); }");
        var torchSharp = Mono.Cecil.ModuleDefinition.ReadModule(typeof(TorchSharp.torch).Assembly.Location);
        foreach (Mono.Cecil.TypeDefinition? type in torchSharp.GetTypes().Where(type => type.FullName.StartsWith("TorchSharp.torch/nn/Module`", StringComparison.Ordinal)))
            type.Methods.Remove(type.Methods.Single(method => method.Name == "call"));
        using var resolver = new Trimmed(torchSharp.Assembly);

        InvalidDataException refusal = Assert.Throws<InvalidDataException>(() => image.Rewrite(resolver, new ForwardWeaver().Rewrite));
        Assert.Equal("Module in its TorchSharp has no call(): that assembly is trimmed", refusal.Message);
    }

    [Fact]
    public void Layer_whose_assembly_is_not_there_is_listed()
    {
        AssemblyImage layers = ModelCode.Compile("public class Layer() : nn.Module<Tensor, Tensor>(\"Layer\") { public override Tensor forward(Tensor x) => x; public new Tensor forward(Tensor x, int n) => x; }", name: "Layers");
        AssemblyImage image = ModelCode.Compile(
            "public static class Runner { public static Tensor Run(Layer layer, Tensor x) => layer.forward(x, 1); }",
            references: [MetadataReference.CreateFromImage(layers.Assembly)]);

        Assert.Equal("Runner.Run keeps Layer.forward(Tensor, Int32): Layer, from which it derives, is not found", Assert.Single(ModelCode.Rewrite(image).Weaver.Kept).ToString());
    }

    private static void AssertRefused(string reason, AssemblyImage image)
    {
        using AssemblyFiles resolver = ModelCode.Resolver;
        Assert.Equal(reason, Assert.Throws<InvalidDataException>(() => image.Rewrite(resolver, new ForwardWeaver().Rewrite)).Message);
    }

    private static Guid Mvid(AssemblyImage image)
    {
        using var reader = new PEReader(new MemoryStream(image.Assembly));
        MetadataReader metadata = reader.GetMetadataReader();
        return metadata.GetGuid(metadata.GetModuleDefinition().Mvid);
    }

    private static byte[] Signature(AssemblyImage image)
    {
        using var reader = new PEReader(new MemoryStream(image.Assembly));
        DirectoryEntry place = reader.PEHeaders.CorHeader!.StrongNameSignatureDirectory;
        return [.. reader.GetSectionData(place.RelativeVirtualAddress).GetContent(0, place.Size)];
    }

    /// <summary>A program whose TorchSharp has lost a method.</summary>
    private sealed class Trimmed(Mono.Cecil.AssemblyDefinition torchSharp) : Mono.Cecil.IAssemblyResolver
    {
        public Mono.Cecil.AssemblyDefinition? Resolve(Mono.Cecil.AssemblyNameReference name) => name.Name == "TorchSharp" ? torchSharp : null;

        public Mono.Cecil.AssemblyDefinition? Resolve(Mono.Cecil.AssemblyNameReference name, Mono.Cecil.ReaderParameters parameters) => Resolve(name);

        public void Dispose()
        {
        }
    }
}
