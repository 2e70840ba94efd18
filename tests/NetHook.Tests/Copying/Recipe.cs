using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>How a module is made, and run.</summary>
internal sealed record Recipe(string Name, Func<nn.Module> Make, Func<nn.Module, IEnumerable<Tensor>> Run)
{
    /// <summary>A module of one tensor to another.</summary>
    internal static Recipe Of(Func<nn.Module> make, Func<Tensor> input, string settings = "") =>
        new(settings, make, module => [((nn.Module<Tensor, Tensor>)module).call(input())]);

    internal static Recipe OfTwo(Func<nn.Module> make, Func<Tensor> first, Func<Tensor> second) =>
        new("", make, module => [((nn.Module<Tensor, Tensor, Tensor>)module).call(first(), second())]);

    internal static Recipe OfThree(Func<nn.Module> make, Func<Tensor> first, Func<Tensor> second, Func<Tensor> third) =>
        new("", make, module => [((nn.Module<Tensor, Tensor, Tensor, Tensor>)module).call(first(), second(), third())]);

    public override string ToString() => Name;
}
