using System;
using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace NetHook.Analyzers;

/// <summary>Finds layers that are run by <c>forward()</c>, which runs no hooks, where <c>call()</c> would do.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp, LanguageNames.VisualBasic)]
public sealed class ForwardAnalyzer : DiagnosticAnalyzer
{
    /// <summary>The diagnostic's name.</summary>
    public const string Id = "NH0001";

    private const int LongestText = 60;

    private static readonly DiagnosticDescriptor Rule = new(
        Id,
        "A layer is run by forward(), which runs no hooks",
        "'{0}' runs no hooks; use call",
        "NetHook",
        DiagnosticSeverity.Info,
        isEnabledByDefault: true,
        "TorchSharp runs hooks in call() alone: a layer that is run by forward() cannot be traced or edited. "
        + "With NetHookRewriteForward in the project file, the build has it run by call().");

    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics => [Rule];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterCompilationStartAction(start =>
        {
            if (start.Options.AnalyzerConfigOptionsProvider.GlobalOptions.TryGetValue("build_property.NetHookRewriteForward", out string? rewritten)
                && rewritten.Equals("true", StringComparison.OrdinalIgnoreCase))
            {
                return;
            }

            start.RegisterOperationAction(Check, OperationKind.Invocation, OperationKind.MethodReference);
        });
    }

    private static void Check(OperationAnalysisContext context)
    {
        (IMethodSymbol method, IOperation? instance) = context.Operation switch
        {
            IInvocationOperation invocation => (invocation.TargetMethod, invocation.Instance),
            IMethodReferenceOperation reference => (reference.Method, reference.Instance),
            _ => throw new InvalidOperationException(),
        };
        if (method.Name != "forward" || instance is null || !IsHookable(Declared(method)) || IsBase(instance))
            return;
        if (instance is IInstanceReferenceOperation && IsInCall(context.ContainingSymbol))
            return;

        context.ReportDiagnostic(Diagnostic.Create(Rule, NameIn(context.Operation.Syntax, instance).GetLocation(), Text(context.Operation.Syntax)));
    }

    private static IMethodSymbol Declared(IMethodSymbol method)
    {
        while (method.OverriddenMethod is not null)
            method = method.OverriddenMethod;
        return method;
    }

    /// <summary>Whether a method's type declares <c>call</c> with the same parameters, and runs hooks in it.</summary>
    private static bool IsHookable(IMethodSymbol method) =>
        method.ContainingType is { BaseType.Name: "HookableModule" or "HookableScriptModule" } type
        && type.ContainingAssembly.Name == "TorchSharp"
        && type.GetMembers("call").OfType<IMethodSymbol>().Any(call =>
            call.Parameters.Select(parameter => parameter.Type).SequenceEqual(method.Parameters.Select(parameter => parameter.Type), SymbolEqualityComparer.Default));

    // In both languages the base's instance is a reference to this one of another type, and it alone is written otherwise.
    private static bool IsBase(IOperation instance) => instance is IInstanceReferenceOperation && !instance.IsImplicit
        && instance.Syntax.ToString().ToUpperInvariant() is "BASE" or "MYBASE" or "MYCLASS";

    private static bool IsInCall(ISymbol symbol)
    {
        for (ISymbol? around = symbol; around is not null; around = around.ContainingSymbol)
        {
            if (around is IMethodSymbol && (around.Name == "call" || around.Name.EndsWith(".call", StringComparison.Ordinal)))
                return true;
        }

        return false;
    }

    private static SyntaxToken NameIn(SyntaxNode syntax, IOperation instance)
    {
        int after = instance.IsImplicit || !syntax.FullSpan.Contains(instance.Syntax.Span) ? syntax.SpanStart : instance.Syntax.Span.End;
        SyntaxToken name = syntax.DescendantTokens().FirstOrDefault(token =>
            token.SpanStart >= after && token.ValueText.Equals("forward", StringComparison.OrdinalIgnoreCase));
        return name.RawKind == 0 ? syntax.GetFirstToken() : name;
    }

    private static string Text(SyntaxNode syntax)
    {
        string text = string.Join(" ", syntax.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return text.Length <= LongestText ? text : text.Substring(0, LongestText - 3) + "...";
    }
}
