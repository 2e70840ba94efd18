using System.Reflection;
using System.Runtime.CompilerServices;
using NetHook.Rewriting;

namespace NetHook.Build.Tests;

/// <summary>Numbers and tensors that are held until native code is done with them, and what else becomes of TorchSharp.</summary>
public sealed class KeepAliveWeaverTests
{
    private static readonly AssemblyImage Published = AssemblyImage.Read(Paths.TorchSharp);
    private static readonly AssemblyImage Woven = Weave(Published)!;

    [Theory]
    [InlineData("Number_in_passing", 11)]
    [InlineData("Number_made_inside", 11)]
    [InlineData("Number_in_a_branch", 11)]
    [InlineData("Number_in_a_protected_region", 11)]
    [InlineData("Tensors_in_an_array", 11)]
    public void Collector_frees_nothing_during_a_call(string call, int freed)
    {
        Assert.Equal(freed, NumberCode.FreedBy(NumberCode.Image, call));

        Assert.Equal(0, NumberCode.FreedBy(Weave(NumberCode.Image)!, call));
    }

    [Fact]
    public void Woven_TorchSharp_is_what_these_tests_run_on() =>
        Assert.NotNull(typeof(TorchSharp.torch).Assembly.GetType("NetHook.HeldDuringNativeCalls"));

    [Fact]
    public void Every_method_of_the_woven_TorchSharp_compiles()
    {
        const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;
        int compiled = 0;
        foreach (Type type in typeof(TorchSharp.torch).Assembly.GetTypes().Where(type => !type.ContainsGenericParameters))
        {
            foreach (MethodBase method in type.GetMethods(All).Concat<MethodBase>(type.GetConstructors(All)))
            {
                if (method.IsAbstract || method.ContainsGenericParameters || method.GetMethodBody() is null)
                    continue;
                RuntimeHelpers.PrepareMethod(method.MethodHandle);
                compiled++;
            }
        }

        Assert.True(compiled > 5000, $"{compiled} methods were compiled.");
    }

    [Fact]
    public void TorchSharp_keeps_its_name_and_members_and_is_the_same_bytes_each_time()
    {
        Assert.Equal(Woven.Assembly, Weave(Published)!.Assembly);
        Assert.Equal(Members(Published), Members(Woven));
        Assert.Equal(ModelCode.Load(Published).FullName, ModelCode.Load(Woven).FullName);
    }

    [Fact]
    public void What_is_woven_already_is_left_as_it_is() => Assert.Null(Weave(Woven));

    [Fact]
    public void Assembly_of_another_name_is_refused() =>
        AssertRefused("it is not TorchSharp", NumberCode.Compile("namespace TorchSharp; public class Scalar;", "Other"));

    [Theory]
    [InlineData("Scalar", "public class Scalar; public static class torch { public class Tensor { public System.IntPtr Handle => 0; } }")]
    [InlineData("Tensor", "public class Scalar { public System.IntPtr Handle => 0; } public static class torch;")]
    [InlineData("Tensor", "public class Scalar { public System.IntPtr Handle => 0; } public static class torch { public class Tensor { public int Handle; } }")]
    public void TorchSharp_of_another_make_is_refused(string type, string code) => AssertRefused(
        $"it is TorchSharp 0.9.1, whose {type} has no Handle",
        NumberCode.Compile($"[assembly: System.Reflection.AssemblyVersion(\"0.9.1\")] namespace TorchSharp {{ {code} }}"));

    private static void AssertRefused(string reason, AssemblyImage image) =>
        Assert.Equal(reason, Assert.Throws<InvalidDataException>(() => Weave(image)).Message);

    private static AssemblyImage? Weave(AssemblyImage image)
    {
        using AssemblyFiles resolver = ModelCode.Resolver;
        return image.Rewrite(resolver, new KeepAliveWeaver().Rewrite);
    }

    private static IEnumerable<string> Members(AssemblyImage image)
    {
        using var module = Mono.Cecil.ModuleDefinition.ReadModule(new MemoryStream(image.Assembly));
        return
        [
            .. module.GetTypes().Where(type => type.Namespace != "NetHook")
                .SelectMany(type => type.Methods.Select(method => method.FullName).Concat(type.Fields.Select(field => field.FullName))),
        ];
    }
}
