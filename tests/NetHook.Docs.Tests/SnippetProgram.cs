using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Emit;

namespace NetHook.Docs.Tests;

/// <summary>Compiles a block of C# as a program and runs it in this process.</summary>
internal static partial class SnippetProgram
{
    private const string ImplicitUsings = """
        global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq;
        global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;
        """;

    private static readonly Lazy<MetadataReference[]> References = new(() =>
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(file => MetadataReference.CreateFromFile(file)),
    ]);

    /// <summary>What the program prints.</summary>
    public static string Run(string prelude, string code)
    {
        string program = InOrder(prelude + "\n" + code);
        var compilation = CSharpCompilation.Create(
            "Snippet" + Guid.NewGuid().ToString("N"),
            [CSharpSyntaxTree.ParseText(ImplicitUsings), CSharpSyntaxTree.ParseText(program)],
            References.Value,
            new(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable, allowUnsafe: true));
        using var image = new MemoryStream();
        EmitResult result = compilation.Emit(image);
        IEnumerable<Diagnostic> problems = result.Diagnostics.Where(diagnostic => diagnostic.Severity >= DiagnosticSeverity.Warning && diagnostic.Id is not "CS1701");
        Assert.True(result.Success && !problems.Any(), $"{string.Join('\n', problems)}\n{program}");

        // What programs before this one have left is not its own: it may count live tensors.
        GC.Collect();
        GC.WaitForPendingFinalizers();

        // Pages compute little, and more threads would only wait for each other.
        TorchSharp.torch.set_num_threads(1);

        var output = new StringWriter { NewLine = "\n" };
        TextWriter console = Console.Out;
        Console.SetOut(output);
        try
        {
            MethodInfo main = Assembly.Load(image.ToArray()).EntryPoint!;
            object? returned = main.Invoke(null, main.GetParameters().Length == 0 ? null : [Array.Empty<string>()]);
            (returned as Task)?.GetAwaiter().GetResult();
        }
        finally
        {
            Console.SetOut(console);
        }

        return output.ToString();
    }

    /// <summary>Usings first, types last, as C# wants them, wherever prelude and block have them.</summary>
    private static string InOrder(string program)
    {
        string[] lines = program.Split('\n');
        IEnumerable<string> usings = lines.Where(IsUsing).Distinct();
        SyntaxList<MemberDeclarationSyntax> members = CSharpSyntaxTree.ParseText(string.Join('\n', lines.Where(line => !IsUsing(line)))).GetCompilationUnitRoot().Members;
        return string.Join('\n', usings) + "\n" + string.Concat(members.OrderBy(member => member is not GlobalStatementSyntax).Select(member => member.ToFullString()));
    }

    private static bool IsUsing(string line) => UsingDirective().IsMatch(line);

    [GeneratedRegex(@"^using (static )?[\w.]+( = [\w.<>, ]+)?;\s*(//.*)?$")]
    private static partial Regex UsingDirective();
}
