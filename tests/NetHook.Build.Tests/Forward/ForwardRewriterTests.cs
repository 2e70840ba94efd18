using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using NetHook.Rewriting;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Build.Tests;

/// <summary>Assemblies that a program loads with their call sites rewritten.</summary>
public sealed class ForwardRewriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly AssemblyLoadContext _context = new(null, isCollectible: true);

    public void Dispose()
    {
        _context.Unload();
        _folder.Dispose();
    }

    [Fact]
    public void Layers_of_an_assembly_that_was_loaded_are_seen_and_its_file_stays()
    {
        string path = WriteModel();
        byte[] before = File.ReadAllBytes(path);

        using nn.Module<Tensor, Tensor> net = Net(ForwardRewriter.Load(path, _context));
        using var trace = new Trace(net, "layer");
        net.call(ones(1, 4));
        Assert.Equal(1, trace.CallCount);
        Assert.Equal(before, File.ReadAllBytes(path));
    }

    [Fact]
    public void What_the_assembly_refers_to_is_found_in_its_folder()
    {
        AssemblyImage layers = ModelCode.Compile(
            """public class Doubled() : nn.Module<Tensor, Tensor>("Doubled") { public override Tensor forward(Tensor x) => x + x; }""", name: Name("Layers"));
        layers.Write(_folder[$"{Name("Layers")}.dll"]);
        string path = Write(
            """
            public class Net : nn.Module<Tensor, Tensor>
            {
                public Doubled layer = new();
                public Net() : base("Net") => RegisterComponents();
                public override Tensor forward(Tensor x) => layer.forward(x);
            }
            """,
            [MetadataReference.CreateFromImage(layers.Assembly)]);

        using nn.Module<Tensor, Tensor> net = Net(ForwardRewriter.Load(path, _context));
        using var trace = new Trace(net, "layer");
        net.call(ones(1, 4));
        Assert.Equal(1, trace.CallCount);
    }

    [Fact]
    public void Same_file_is_loaded_once()
    {
        string path = WriteModel();

        Assert.Same(ForwardRewriter.Load(path, _context), ForwardRewriter.Load(Path.Combine(_folder.Root, ".", Path.GetFileName(path)), _context));
    }

    [Fact]
    public void Assembly_that_is_loaded_unchanged_already_is_refused()
    {
        string path = WriteModel();
        _context.LoadFromAssemblyPath(path);

        string name = Path.GetFileNameWithoutExtension(path);
        Assert.Equal(
            $"{name} is loaded already, from {path}, and {path} would be a second one. Load it here before anything uses it; "
            + $"if it is a part of the program, name it in the project file: <NetHookRewriteForward Include=\"{name}\" />.",
            Assert.Throws<InvalidOperationException>(() => ForwardRewriter.Load(path, _context)).Message);
    }

    [Fact]
    public void Part_of_the_program_is_refused()
    {
        string path = _folder["NetHook.Build.Tests.dll"];
        File.Copy(typeof(ForwardRewriterTests).Assembly.Location, path);

        Assert.Throws<InvalidOperationException>(() => ForwardRewriter.Load(path));
    }

    [Fact]
    public void Assembly_with_nothing_to_rewrite_is_loaded_from_its_file()
    {
        string path = Write("public class Net;");

        Assert.Equal(path, ForwardRewriter.Load(path, _context).Location);
    }

    [Fact]
    public void File_that_is_not_there_is_named()
    {
        string path = Path.Combine(_folder.Root, "none.dll");

        Assert.Equal($"There is no assembly {path} to load.", Assert.Throws<FileNotFoundException>(() => ForwardRewriter.Load(path, _context)).Message);
        Assert.Throws<ArgumentException>(() => ForwardRewriter.Load("", _context));
    }

    [Fact]
    public void File_that_is_no_assembly_is_refused()
    {
        string path = _folder["text.dll"];
        File.WriteAllText(path, "text");

        Assert.Equal(
            $"{path} cannot be rewritten, since it is no .NET assembly, or a damaged one. Nothing was loaded.",
            Assert.Throws<BadImageFormatException>(() => ForwardRewriter.Load(path, _context)).Message);
    }

    private static nn.Module<Tensor, Tensor> Net(System.Reflection.Assembly assembly) =>
        (nn.Module<Tensor, Tensor>)Activator.CreateInstance(assembly.GetType("Net")!)!;

    private string WriteModel() => Write("""
        public class Net : nn.Module<Tensor, Tensor>
        {
            public Linear layer = nn.Linear(4, 4);
            public Net() : base("Net") => RegisterComponents();
            public override Tensor forward(Tensor x) => layer.forward(x);
        }
        """);

    private string Write(string code, IEnumerable<MetadataReference>? references = null)
    {
        string name = Name("Model");
        string path = _folder[$"{name}.dll"];
        ModelCode.Compile(code, name: name, references: references).Write(path);
        return path;
    }

    // Of this test alone.
    private string Name(string start) => $"{start}_{Path.GetFileName(_folder.Root)}";
}
