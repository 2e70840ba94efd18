using System.Runtime.CompilerServices;
using TorchSharp;

namespace NetHook.Rewriting.Tests;

/// <summary>Hundreds of small passes: more threads in each would only wait for each other.</summary>
internal static class OneThread
{
    [ModuleInitializer]
    internal static void Set() => torch.set_num_threads(1);
}
