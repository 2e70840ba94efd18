using System.Runtime.InteropServices;
using TorchSharp;

namespace NetHook.Tests;

/// <summary>Scripts are tested where the packages are: NetHook.Build.Tests runs the page about them.</summary>
public sealed class LibTorchTests
{
    [Fact]
    public void Loading_does_nothing_where_a_build_has_mended_the_library()
    {
        LibTorch.Load();
        LibTorch.Load();

        Assert.True(NativeLibrary.TryLoad("LibTorchSharp", typeof(torch).Assembly, null, out _));
        if (OperatingSystem.IsLinux())
            Assert.DoesNotContain("-libLibTorchSharp.so", File.ReadAllText("/proc/self/maps"), StringComparison.Ordinal);
        Assert.Equal(3, torch.arange(3).sum().item<long>());
    }
}
