using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Cli.Tests;

/// <summary>
/// A scalar made in passing may be freed while native code reads it: one place in the core makes them, and holds them. The rule reads
/// the IL of every assembly of ours, so that no build's choice (NetHookKeepAlive) is needed for them.
/// </summary>
public class ScalarRuleTests
{
    private const string TheOnePlace = "HeldScalars";

    public static TheoryData<string> Assemblies =>
    [
        .. Directory.EnumerateFiles(AppContext.BaseDirectory, "NetHook*.dll").Select(file => Path.GetFileName(file))
            .Where(file => !file.Contains("Tests", StringComparison.Ordinal)),
    ];

    [Fact]
    public void The_rule_reads_every_assembly() =>
        Assert.Superset(new HashSet<string> { "NetHook.dll", "NetHook.Interpretability.dll", "NetHook.Cli.dll" }, Assemblies.Select(row => row.Data).ToHashSet());

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void No_assembly_hands_over_scalars_that_nothing_holds(string assembly) => Assert.Empty(ScalarUses.In(In(assembly), TheOnePlace));

    [Fact]
    public void The_one_place_is_seen_where_it_is_not_exempt() =>
        Assert.Contains("HeldScalars.Times -> ScalarExtensionMethods.ToScalar", ScalarUses.In(In("NetHook.dll"), null));

    [Fact]
    public void The_one_place_holds_what_it_hands_over() => Assert.Empty(ScalarUses.NotHeldBy(In("NetHook.dll"), TheOnePlace));

    [Theory]
    [InlineData("Planted.Operators -> Tensor.op_Multiply")]
    [InlineData("Planted.Operators -> Tensor.op_Addition")]
    [InlineData("Planted.Inside -> Tensor.square")]
    [InlineData("Planted.Implicit -> Scalar.op_Implicit")]
    [InlineData("Planted.Implicit -> Tensor.clamp")]
    [InlineData("Planted.Explicit -> ScalarExtensionMethods.ToScalar")]
    [InlineData("Planted.Explicit -> Tensor.add_")]
    [InlineData("Planted.Read -> TensorExtensionMethods.ToSingle")]
    [InlineData("<>c.<Lambda>b__5_0 -> Tensor.mul")]
    public void Planted_use_is_found(string use) => Assert.Contains(use, ScalarUses.In(Here, TheOnePlace));

    [Fact]
    public void Planted_place_that_does_not_hold_is_found() =>
        Assert.Equal(["LettingGo.Inside", "LettingGo.Scalar", "LettingGo.Tensor"], ScalarUses.NotHeldBy(Here, nameof(LettingGo)));

    private static string Here => typeof(ScalarRuleTests).Assembly.Location;

    private static string In(string assembly) => Path.Combine(AppContext.BaseDirectory, assembly);

    private static class Planted
    {
        public static Tensor Operators(Tensor x) => (x * 0.5) + x;

        public static Tensor Inside(Tensor x) => x.square();

        public static Tensor Implicit(Tensor x) => x.clamp(0, 1);

        public static Tensor Explicit(Tensor x) => x.add_(0.5.ToScalar());

        public static float Read(Tensor x) => x.ToSingle();

        public static Func<Tensor, Tensor> Lambda() => x => x.mul(2);
    }

    private static class LettingGo
    {
        public static Tensor Inside(Tensor x, Scalar scalar) => Held(x.add(scalar), x);

        public static Tensor Scalar(Tensor x) => Held(x.mul(0.5.ToScalar()), x);

        public static Tensor Tensor(Tensor x)
        {
            using var scalar = 0.5.ToScalar();
            return x.mul(scalar);
        }

        public static Tensor Right(Tensor x, Scalar scalar) => Held(x.mul(scalar), x);

        private static Tensor Held(Tensor result, Tensor operand)
        {
            GC.KeepAlive(operand);
            return result;
        }
    }
}
