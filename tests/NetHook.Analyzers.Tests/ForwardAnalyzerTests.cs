namespace NetHook.Analyzers.Tests;

/// <summary>What NH0001 says, where it says nothing, and the code after its fix.</summary>
public sealed class ForwardAnalyzerTests
{
    [Theory]
    [InlineData("fc.forward(x)", "fc.call(x)")]
    [InlineData("fc.forward( /* the input */ x)", "fc.call( /* the input */ x)")]
    [InlineData("any.forward(input: x)", "any.call(x)")]
    [InlineData("fc?.forward(x)", "fc?.call(x)")]
    [InlineData("forward(x)", "call(x)")]
    [InlineData("this.forward(x)", "this.call(x)")]
    [InlineData("cell.forward(x)", "cell.call(x, null)")]
    [InlineData("cell.forward(x, x)", "cell.call(x, x)")]
    [InlineData("lstm.forward(x).Item1", "lstm.call(x, null).Item1", "lstm.forward(x)")]
    [InlineData("((Func<Tensor, Tensor>)fc.forward)(x)", "((Func<Tensor, Tensor>)fc.call)(x)", "fc.forward")]
    [InlineData("new[] { x }.Select(fc.forward).Single()", "new[] { x }.Select(fc.call).Single()", "fc.forward")]
    [InlineData("any.forward(x)", "any.call(x)")]
    [InlineData("other.fc.forward(x)", "other.fc.call(x)")]
    public async Task Layer_that_forward_runs_is_pointed_out_and_fixed(string use, string repaired, string? text = null)
    {
        string code = Net($"public Tensor Run(Tensor x) => {use};");

        Assert.Equal([$"'{text ?? use.Replace("fc?", "", StringComparison.Ordinal)}' runs no hooks; use call"], await AnalyzedCode.Messages(code));
        Assert.Equal(Net($"public Tensor Run(Tensor x) => {repaired};"), await AnalyzedCode.Fixed(code));
    }

    [Fact]
    public async Task All_uses_in_a_file_are_fixed_at_once() =>
        Assert.Equal(
            Net("public Tensor Run(Tensor x) => fc.call(any.call(x)) + any.call(x);"),
            await AnalyzedCode.Fixed(Net("public Tensor Run(Tensor x) => fc.forward(any.forward(x)) + any.forward(x);")));

    [Theory]
    [InlineData("public override Tensor forward(Tensor x) => base.forward(x);")]
    [InlineData("public Tensor Run(Tensor x) => fc.call(x);")]
    [InlineData("public Tensor Run(Tensor x) => forward(x, 1);")]
    [InlineData("public new Tensor call(Tensor x) => forward(x);")]
    [InlineData("public Tensor call(Tensor x, int n) { Func<Tensor> run = () => this.forward(x); return run(); }")]
    [InlineData("public Tensor Run(Tensor x) => up.forward(x, [6L]);")]
    [InlineData("public string Run() => nameof(forward);")]
    public async Task Use_that_runs_hooks_or_cannot_is_left_alone(string member) => Assert.Empty(await AnalyzedCode.Messages(Net(member)));

    [Theory]
    [InlineData("true", 0)]
    [InlineData("True", 0)]
    [InlineData("false", 1)]
    [InlineData("", 1)]
    public async Task Nothing_is_said_if_the_build_rewrites_forward(string value, int expected) =>
        Assert.Equal(
            expected, (await AnalyzedCode.Messages(Net("public Tensor Run(Tensor x) => fc.forward(x);"), ("build_property.NetHookRewriteForward", value))).Count);

    private static string Net(string member) => $$"""
        public class Base() : nn.Module<Tensor, Tensor>("Base")
        {
            public override Tensor forward(Tensor x) => x;
            public Tensor forward(Tensor x, int n) => x;
        }
        public class Net() : Base
        {
            public Linear fc = nn.Linear(2, 2);
            public nn.Module<Tensor, Tensor> any = nn.ReLU();
            public GRUCell cell = nn.GRUCell(2, 2);
            public LSTM lstm = nn.LSTM(2, 2);
            public ConvTranspose1d up = nn.ConvTranspose1d(2, 2, 2);
            public Net other;
            {{member}}
        }
        """;
}
