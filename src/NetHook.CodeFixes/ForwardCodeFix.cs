using System.Collections.Generic;
using System.Collections.Immutable;
using System.Composition;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.Editing;
using Microsoft.CodeAnalysis.Operations;
using NetHook.Analyzers;

namespace NetHook.CodeFixes;

/// <summary>Has a layer run by <c>call()</c> instead of <c>forward()</c>.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, LanguageNames.VisualBasic, Name = nameof(ForwardCodeFix)), Shared]
public sealed class ForwardCodeFix : CodeFixProvider
{
    private const string Title = "Use call";

    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds => [ForwardAnalyzer.Id];

    /// <inheritdoc/>
    public override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    /// <inheritdoc/>
    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        if (await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false) is not { } root
            || await context.Document.GetSemanticModelAsync(context.CancellationToken).ConfigureAwait(false) is not { } model
            || root.FindToken(context.Span.Start).Parent is not { } name)
        {
            return;
        }

        IInvocationOperation? invocation = InvocationAround(name, model, context.CancellationToken);
        if (invocation is not null && !IsInOrder(invocation))
            return;
        Diagnostic diagnostic = context.Diagnostics[0];
        context.RegisterCodeFix(CodeAction.Create(Title, _ => Task.FromResult(Fix(context.Document, root, name, invocation)), Title), diagnostic);
    }

    private static Document Fix(Document document, SyntaxNode root, SyntaxNode name, IInvocationOperation? invocation)
    {
        var generator = SyntaxGenerator.GetGenerator(document);
        SyntaxNode call = generator.IdentifierName("call").WithTriviaFrom(name);
        if (invocation is null || invocation.Arguments.All(IsPositional))
            return document.WithSyntaxRoot(root.ReplaceNode(name, call));

        // call() has parameters of other names, and none that may be left out.
        IEnumerable<SyntaxNode> arguments = invocation.Arguments.Select(argument => argument.ArgumentKind == ArgumentKind.DefaultValue
            ? generator.Argument(argument.Parameter!.ExplicitDefaultValue is { } value ? generator.LiteralExpression(value) : generator.NullLiteralExpression())
            : generator.Argument(argument.Value.Syntax));
        SyntaxNode function = invocation.Syntax.ChildNodes().First();
        SyntaxNode changed = generator.InvocationExpression(function == name ? call : function.ReplaceNode(name, call), arguments);
        return document.WithSyntaxRoot(root.ReplaceNode(invocation.Syntax, changed.WithTriviaFrom(invocation.Syntax)));
    }

    private static IInvocationOperation? InvocationAround(SyntaxNode name, SemanticModel model, CancellationToken cancellation)
    {
        foreach (SyntaxNode node in name.AncestorsAndSelf().Take(4))
        {
            if (model.GetOperation(node, cancellation) is IInvocationOperation { TargetMethod.Name: "forward" } invocation
                && invocation.Syntax.ChildNodes().FirstOrDefault()?.Span.Contains(name.Span) == true)
            {
                return invocation;
            }
        }

        return null;
    }

    private static bool IsPositional(IArgumentOperation argument) =>
        argument.ArgumentKind != ArgumentKind.DefaultValue && argument.Value.Syntax.SpanStart == argument.Syntax.SpanStart;

    // Arguments that are given by name in another order are worked out in that order.
    private static bool IsInOrder(IInvocationOperation invocation)
    {
        IEnumerable<IArgumentOperation> given = invocation.Arguments.Where(argument => argument.ArgumentKind != ArgumentKind.DefaultValue);
        return given.Zip(given.Skip(1), (one, next) => one.Parameter!.Ordinal < next.Parameter!.Ordinal).All(inOrder => inOrder)
            && given.Zip(given.Skip(1), (one, next) => one.Syntax.SpanStart < next.Syntax.SpanStart).All(inOrder => inOrder);
    }
}
