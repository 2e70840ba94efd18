namespace NetHook.Build.Tests;

/// <summary>A later TorchSharp whose library is not what the target knows.</summary>
public sealed class UnexpectedLibraryTests : IDisposable
{
    // The project's own targets run before the one under test, and give it another library.
    private const string OtherLibrary = """
        <Target Name="OtherLibrary" AfterTargets="ResolvePackageAssets">
          <ItemGroup>
            <_Known Include="@(RuntimeTargetsCopyLocalItems)" Condition="'%(Filename)%(Extension)' == 'libLibTorchSharp.so'" />
            <RuntimeTargetsCopyLocalItems Remove="@(_Known)" />
            <RuntimeTargetsCopyLocalItems Include="@(_Known->'$(MSBuildProjectDirectory)/other/libLibTorchSharp.so')" />
          </ItemGroup>
        </Target>
        """;

    // A build for Linux, wherever the test runs.
    private const string Always = "-p:NetHookRelaxLibstdcxx=true";
    private readonly UserFolder _user = new();
    private readonly string _output;

    public UnexpectedLibraryTests()
    {
        _user.WriteProject(libTorch: false, OtherLibrary);
        _output = _user["bin/Debug/net10.0/runtimes/linux-x64/native/libLibTorchSharp.so"];
    }

    public void Dispose() => _user.Dispose();

    [Fact]
    public async Task Library_that_is_refused_is_used_unchanged_with_a_warning()
    {
        File.WriteAllText(_user["other/libLibTorchSharp.so"], "no library");
        const string Warning = "warning NETHOOK001: TorchSharp's library is used unchanged, since it is no ELF file. It may not load on "
            + "Debian 12 or Ubuntu 22.04, whose libstdc++ lacks GLIBCXX_3.4.32. Use a TorchSharp version that NetHook supports, or set "
            + "NetHookRelaxLibstdcxx to false.";

        Assert.Contains(Warning, await Dotnet.Run(_user.Root, "build", Always), StringComparison.Ordinal);
        Assert.Equal("no library", File.ReadAllText(_output));

        // It is not said once and then forgotten.
        Assert.Contains(Warning, await Dotnet.Run(_user.Root, "build", Always), StringComparison.Ordinal);

        string silent = await Dotnet.Run(_user.Root, "build", "-p:NetHookRelaxLibstdcxx=false");
        Assert.DoesNotContain("NETHOOK", silent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Library_that_needs_nothing_passes_through()
    {
        byte[] newer = new ElfImage { Needs = [("libstdc++.so.6", "GLIBCXX_3.4.30", 0)] }.ToBytes();
        File.WriteAllBytes(_user["other/libLibTorchSharp.so"], newer);

        string text = await Dotnet.Run(_user.Root, "build", Always);
        Assert.DoesNotContain("NETHOOK", text, StringComparison.Ordinal);
        Assert.Equal(newer, File.ReadAllBytes(_output));
    }
}
