using Microsoft.CodeAnalysis;

namespace NetHook.Analyzers.Tests;

/// <summary>NH0001 and its fix in Visual Basic, where names are spelt in any case.</summary>
public sealed class VisualBasicTests
{
    [Theory]
    [InlineData("fc.forward(x)", "fc.call(x)")]
    [InlineData("fc.Forward(x)", "fc.call(x)")]
    [InlineData("Me.fc.forward(fc.call(x))", "Me.fc.call(fc.call(x))")]
    public async Task Layer_that_forward_runs_is_pointed_out_and_fixed(string use, string repaired)
    {
        Assert.Equal([$"'{use}' runs no hooks; use call"], await AnalyzedCode.Messages(Net(use), LanguageNames.VisualBasic));
        Assert.Equal(Net(repaired), (await AnalyzedCode.Fixed(Net(use), LanguageNames.VisualBasic)).Replace("[call]", "call", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("MyBase.forward(x)")]
    [InlineData("fc.call(x)")]
    public async Task Use_that_runs_hooks_or_cannot_is_left_alone(string use) =>
        Assert.Empty(await AnalyzedCode.Messages(Net(use), LanguageNames.VisualBasic));

    private static string Net(string use) => $"""
        Imports TorchSharp
        Imports TorchSharp.torch

        Public Class Base
            Inherits nn.Module(Of Tensor, Tensor)

            Public Sub New()
                MyBase.New("Base")
            End Sub

            Public Overrides Function forward(x As Tensor) As Tensor
                Return x
            End Function
        End Class

        Public Class Net
            Inherits Base

            Public fc As Modules.Linear = nn.Linear(2, 2)

            Public Overrides Function forward(x As Tensor) As Tensor
                Return {use}
            End Function
        End Class
        """;
}
