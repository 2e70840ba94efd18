using NetHook.Interpretability;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Cli.Tests;

/// <summary>A scalar made in passing may be freed while native code reads it: one place in the core makes them, and holds them.</summary>
public class ScalarRuleTests
{
    private const string TheOnePlace = "HeldScalars";

    [Theory]
    [InlineData(typeof(Trace))]
    [InlineData(typeof(LanguageModel))]
    [InlineData(typeof(Tool))]
    public void No_assembly_hands_over_scalars_that_nothing_holds(Type part)
    {
        ArgumentNullException.ThrowIfNull(part);
        Assert.Empty(ScalarUses.In(part.Assembly.Location, TheOnePlace));
    }

    [Fact]
    public void The_one_place_is_seen_where_it_is_not_exempt() =>
        Assert.Contains("HeldScalars.Times -> ScalarExtensionMethods.ToScalar", ScalarUses.In(typeof(Trace).Assembly.Location, null));

    [Theory]
    [InlineData("op_Multiply")]
    [InlineData("op_Addition")]
    [InlineData("square")]
    [InlineData("op_Implicit")]
    [InlineData("ToSingle")]
    public void Planted_uses_are_found(string method) =>
        Assert.Contains(ScalarUses.In(typeof(Planted).Assembly.Location, null), use => use.StartsWith("Planted.", StringComparison.Ordinal) && use.EndsWith("." + method, StringComparison.Ordinal));

    private static class Planted
    {
        public static Tensor Operators(Tensor x) => (x * 0.5) + x;

        public static Tensor Inside(Tensor x) => x.square();

        public static Tensor Implicit(Tensor x) => x.clamp(0, 1);

        public static float Read(Tensor x) => x.ToSingle();
    }
}
