using System.Reflection;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;
using NetHook.Rewriting;

namespace NetHook.Build.Tests;

/// <summary>
/// An assembly that is made as TorchSharp is, whose native calls run the garbage collector and say what it freed meanwhile: what
/// happens by chance in TorchSharp happens each time.
/// </summary>
internal static class NumberCode
{
    private const string Library = """
        using System;
        using System.Runtime.CompilerServices;

        namespace TorchSharp
        {
            public abstract class Native(int number)
            {
                public static int Freed;

                ~Native() => Freed += number;

                public static int FreedDuringCall(IntPtr pointer)
                {
                    GC.Collect();
                    GC.WaitForPendingFinalizers();
                    return Freed;
                }
            }

            public sealed class Scalar(int number) : Native(number)
            {
                private IntPtr handle = number;
                public IntPtr Handle => handle;
            }

            public static class torch
            {
                public sealed class Tensor(int number) : Native(number)
                {
                    private IntPtr handle = number;
                    public IntPtr Handle => handle;

                    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
                    public int mul(Scalar scalar) => FreedDuringCall(handle + scalar.Handle);

                    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
                    public int add() => FreedDuringCall(handle + new Scalar(10).Handle);

                    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
                    public int choose(Scalar scalar, bool which)
                    {
                        if (which)
                            return FreedDuringCall(handle + (scalar?.Handle ?? IntPtr.Zero));
                        try { return FreedDuringCall(scalar.Handle); }
                        finally { GC.KeepAlive(which); }
                    }

                    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
                    public static int cat(Tensor[] tensors) => FreedDuringCall(Array.ConvertAll(tensors, tensor => tensor.Handle)[0] + tensors[1].Handle);
                }
            }

            public static class Calls
            {
                private const MethodImplOptions Whole = MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization;

                [MethodImpl(Whole)] public static int Number_in_passing() => new torch.Tensor(1).mul(new Scalar(10));
                [MethodImpl(Whole)] public static int Number_made_inside() => new torch.Tensor(1).add();
                [MethodImpl(Whole)] public static int Number_in_a_branch() => new torch.Tensor(1).choose(new Scalar(10), true);
                [MethodImpl(Whole)] public static int Number_in_a_protected_region() => new torch.Tensor(1).choose(new Scalar(10), false);
                [MethodImpl(Whole)] public static int Tensors_in_an_array() => torch.Tensor.cat([new torch.Tensor(1), new torch.Tensor(10)]);
            }
        }
        """;

    public static AssemblyImage Image { get; } = Compile(Library);

    public static AssemblyImage Compile(string code, string name = "TorchSharp")
    {
        IEnumerable<string> framework = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(file => Path.GetFileName(file).StartsWith("System.", StringComparison.Ordinal));
        var compilation = CSharpCompilation.Create(
            name,
            [CSharpSyntaxTree.ParseText(code)],
            framework.Select(file => MetadataReference.CreateFromFile(file)),
            new(OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release));
        using var assembly = new MemoryStream();
        EmitResult result = compilation.Emit(assembly);
        Assert.True(result.Success, string.Join('\n', result.Diagnostics));
        return new(assembly.ToArray(), null);
    }

    /// <summary>Which numbers were freed while native code read them: 1 for the tensor's, 10 for the scalar's, 11 for both.</summary>
    public static int FreedBy(AssemblyImage image, string call)
    {
        var context = new AssemblyLoadContext(null, isCollectible: true);
        Assembly assembly = context.LoadFromStream(new MemoryStream(image.Assembly));
        int freed = (int)assembly.GetType("TorchSharp.Calls")!.GetMethod(call)!.Invoke(null, null)!;
        context.Unload();
        return freed;
    }
}
