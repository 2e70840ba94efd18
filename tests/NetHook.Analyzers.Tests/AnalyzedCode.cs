using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.VisualBasic;
using NetHook.CodeFixes;

namespace NetHook.Analyzers.Tests;

/// <summary>Code in a project of its own, as an editor has it: what the analyzer says of it, and the code after all fixes.</summary>
internal static class AnalyzedCode
{
    private const string Usings = """
        global using System; global using System.Linq; global using TorchSharp; global using TorchSharp.Modules; global using static TorchSharp.torch;
        """;

    public static Task<IReadOnlyList<string>> Messages(string code, params (string Key, string Value)[] options) => Messages(code, LanguageNames.CSharp, options);

    public static async Task<IReadOnlyList<string>> Messages(string code, string language, params (string Key, string Value)[] options)
    {
        using var workspace = new AdhocWorkspace();
        ImmutableArray<Diagnostic> diagnostics = await Analyze(Document(workspace, code, language).Project, options);
        return [.. diagnostics.OrderBy(diagnostic => diagnostic.Location.SourceSpan).Select(diagnostic => diagnostic.GetMessage(null))];
    }

    /// <summary>The code once each diagnostic that has a fix is fixed; it must compile.</summary>
    public static async Task<string> Fixed(string code, string language = LanguageNames.CSharp)
    {
        using var workspace = new AdhocWorkspace();
        Document document = Document(workspace, code, language);
        ImmutableArray<Diagnostic> diagnostics = await Analyze(document.Project);
        var fix = new ForwardCodeFix();
        var all = new FixAllContext(
            document, fix, FixAllScope.Solution, "Use call", fix.FixableDiagnosticIds, new Provider(diagnostics), CancellationToken.None);
        CodeAction? action = await fix.GetFixAllProvider().GetFixAsync(all);
        if (action is null)
            return code;
        var changed = (ApplyChangesOperation)(await action.GetOperationsAsync(CancellationToken.None)).Single();
        Document after = changed.ChangedSolution.GetDocument(document.Id)!;
        Compilation compilation = (await after.Project.GetCompilationAsync())!;
        Assert.Empty(compilation.GetDiagnostics().Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error));
        return (await after.GetTextAsync()).ToString();
    }

    private static Document Document(AdhocWorkspace workspace, string code, string language)
    {
        string[] assemblies = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        CompilationOptions options = language == LanguageNames.CSharp
            ? new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary)
            : new VisualBasicCompilationOptions(OutputKind.DynamicallyLinkedLibrary);
        Project project = workspace.AddProject("Code", language)
            .WithCompilationOptions(options)
            .WithMetadataReferences(assemblies.Select(file => MetadataReference.CreateFromFile(file)));
        return (language == LanguageNames.CSharp ? project.AddDocument("Usings.cs", Usings).Project : project).AddDocument("Code.cs", code);
    }

    private static async Task<ImmutableArray<Diagnostic>> Analyze(Project project, params (string Key, string Value)[] options)
    {
        Compilation compilation = (await project.GetCompilationAsync())!;
        Assert.Empty(compilation.GetDiagnostics().Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error));
        CompilationWithAnalyzers analyzed = compilation.WithAnalyzers([new ForwardAnalyzer()], new AnalyzerOptions([], new Options(options)));
        return await analyzed.GetAnalyzerDiagnosticsAsync();
    }

    private sealed class Provider(ImmutableArray<Diagnostic> diagnostics) : FixAllContext.DiagnosticProvider
    {
        public override Task<IEnumerable<Diagnostic>> GetAllDiagnosticsAsync(Project project, CancellationToken cancellationToken) =>
            Task.FromResult<IEnumerable<Diagnostic>>(diagnostics);

        public override Task<IEnumerable<Diagnostic>> GetDocumentDiagnosticsAsync(Document document, CancellationToken cancellationToken) =>
            Task.FromResult(diagnostics.Where(diagnostic => diagnostic.Location.SourceTree!.FilePath == document.FilePath || document.Name == "Code.cs"));

        public override Task<IEnumerable<Diagnostic>> GetProjectDiagnosticsAsync(Project project, CancellationToken cancellationToken) =>
            Task.FromResult<IEnumerable<Diagnostic>>([]);
    }

    private sealed class Options((string Key, string Value)[] options) : AnalyzerConfigOptionsProvider
    {
        public override AnalyzerConfigOptions GlobalOptions => new Global(options);

        public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => GlobalOptions;

        public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => GlobalOptions;

        private sealed class Global((string Key, string Value)[] options) : AnalyzerConfigOptions
        {
            public override bool TryGetValue(string key, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out string? value)
            {
                value = options.FirstOrDefault(option => option.Key == key).Value;
                return value is not null;
            }
        }
    }
}
