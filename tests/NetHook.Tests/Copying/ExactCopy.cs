using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Asserts all that a copy promises, of a model that <c>run</c> runs: outputs first, then what gradients are asked of.</summary>
internal static class ExactCopy
{
    internal static void Check<T>(T original, Func<T, IEnumerable<Tensor>> run)
        where T : nn.Module
    {
        List<string> before = Describe(original);
        using T copy = original.DeepCopy();
        Assert.Equal(before, Describe(original));
        Assert.Equal(before, Describe(copy));
        CheckNothingShared(original, copy);
        CheckSameResults(original, copy, run);
        CheckIndependent(original, run);
    }

    /// <summary>Types, names, order, modes, and every tensor's place, dtype, flags and values.</summary>
    internal static List<string> Describe(nn.Module module)
    {
        var lines = new List<string>();
        foreach ((string name, nn.Module child) in module.named_modules().Prepend(("", module)))
        {
            lines.Add($"{name}: {child.GetType()} {child.GetName()} {(child.training ? "train" : "eval")}");
            foreach ((string own, TorchSharp.Modules.Parameter parameter) in TorchSharpInternals.Parameters(child))
                lines.Add($"{name}.{own}: {Describe(parameter)}");
            foreach ((string own, (Tensor buffer, bool persistent)) in TorchSharpInternals.Buffers(child))
                lines.Add($"{name}.{own} {persistent}: {Describe(buffer)}");
        }

        lines.AddRange(module.state_dict().Select(entry => $"{entry.Key} {Describe(entry.Value)}"));
        lines.AddRange(module.named_parameters().Select(entry => entry.name));
        lines.AddRange(module.named_buffers().Select(entry => entry.name));
        return lines;
    }

    /// <summary>The same random numbers, twice: inputs are drawn inside <c>run</c>, as is dropout.</summary>
    internal static void CheckSameResults<T>(T original, T copy, Func<T, IEnumerable<Tensor>> run)
        where T : nn.Module
    {
        using DisposeScope scope = NewDisposeScope();
        (List<string>? expected, List<string>? expectedGradients) = Run(original, run);
        (List<string>? actual, List<string>? gradients) = Run(copy, run);
        Assert.NotEmpty(expected);
        Assert.Equal(expected, actual);
        Assert.Equal(expectedGradients, gradients);
    }

    private static void CheckNothingShared(nn.Module original, nn.Module copy)
    {
        var storages = Tensors(original).Select(TorchSharpInternals.StorageAddress).Where(address => address != 0).ToHashSet();
        Assert.DoesNotContain(Tensors(copy), tensor => storages.Contains(TorchSharpInternals.StorageAddress(tensor)));
        var modules = original.modules().Append(original).ToHashSet();
        Assert.DoesNotContain(copy.modules().Append(copy), modules.Contains);
    }

    /// <summary>A copy outlives its original, and an original its copy.</summary>
    private static void CheckIndependent<T>(T original, Func<T, IEnumerable<Tensor>> run)
        where T : nn.Module
    {
        using DisposeScope scope = NewDisposeScope();
        List<string> expected = Run(original, run).Outputs;
        using T second = original.DeepCopy();
        second.DeepCopy().Dispose();
        Assert.Equal(expected.Count, Run(second, run).Outputs.Count);
        original.Dispose();
        Assert.Equal(expected.Count, Run(second, run).Outputs.Count);
    }

    private static (List<string> Outputs, List<string> Gradients) Run<T>(T module, Func<T, IEnumerable<Tensor>> run)
        where T : nn.Module
    {
        module.zero_grad();
        manual_seed(7);
        var outputs = run(module).ToList();
        var values = outputs.Select(Describe).ToList();
        foreach (Tensor output in outputs.Where(output => output.requires_grad))
            output.sum().backward(retain_graph: true);
        return (values, [.. module.named_parameters().Select(entry => $"{entry.name} {(entry.parameter.grad is { } gradient ? Describe(gradient) : "none")}")]);
    }

    private static IEnumerable<Tensor> Tensors(nn.Module module) => module.modules().Append(module)
        .SelectMany(child => TorchSharpInternals.Parameters(child).Values.Concat(TorchSharpInternals.Buffers(child).Values.Select(entry => entry.Buffer)));

    private static string Describe(Tensor tensor)
    {
        string bytes = "";
        if (tensor.device.type != DeviceType.META)
        {
            using Tensor values = tensor.is_sparse ? tensor.to_dense() : tensor.detach().clone();
            using Tensor cpu = values.cpu().contiguous();
            bytes = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(cpu.bytes));
        }

        return $"{tensor.GetType().Name} {tensor.dtype} {tensor.device} [{string.Join(",", tensor.shape)}] ({(tensor.is_sparse ? "sparse" : string.Join(",", tensor.stride()))}) "
            + $"grad {tensor.requires_grad} {bytes}";
    }
}
