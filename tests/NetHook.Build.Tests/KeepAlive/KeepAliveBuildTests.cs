using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace NetHook.Build.Tests;

/// <summary>Projects outside the repository, and which TorchSharp their builds bring.</summary>
public sealed class KeepAliveBuildTests : IDisposable
{
    private const string Program = """System.Console.WriteLine("held: " + (typeof(TorchSharp.torch).Assembly.GetType("NetHook.HeldDuringNativeCalls") is not null));""";
    private const string Output = "bin/Debug/net10.0/TorchSharp.dll";
    private const string Links = "-p:CreateSymbolicLinksForCopyLocalIfPossible=true";
    private const string Off = "-p:NetHookKeepAlive=false";
    private static readonly byte[] Published = File.ReadAllBytes(Paths.TorchSharp);

    // The project's own targets run before the one under test, and give it another TorchSharp.
    private const string OtherTorchSharp = """
        <Target Name="OtherTorchSharp" AfterTargets="ResolvePackageAssets">
          <ItemGroup>
            <_Known Include="@(RuntimeCopyLocalItems)" Condition="'%(Filename)%(Extension)' == 'TorchSharp.dll'" />
            <RuntimeCopyLocalItems Remove="@(_Known)" />
            <RuntimeCopyLocalItems Include="@(_Known->'$(MSBuildProjectDirectory)/other/TorchSharp.dll')" />
          </ItemGroup>
        </Target>
        """;

    private readonly UserFolder _user = new();

    public void Dispose()
    {
        Assert.Equal(Published, File.ReadAllBytes(Paths.TorchSharp));
        _user.Dispose();
    }

    [Theory]
    [InlineData(Links)]
    [InlineData("-p:CreateSymbolicLinksForCopyLocalIfPossible=false")]
    public async Task Project_is_built_with_a_TorchSharp_that_holds_numbers_once_and_without_if_it_says_so(string links)
    {
        Write();
        Assert.Contains("held: True", await Dotnet.Run(_user.Root, "run", links), StringComparison.Ordinal);
        byte[] woven = File.ReadAllBytes(_user[Output]);

        string log = await Dotnet.Run(_user.Root, "build", links, "-v:n", "-tl:off");
        Assert.Contains("Skipping target \"_NetHookHoldDuringNativeCalls\" because all output files are up-to-date", log, StringComparison.Ordinal);
        Assert.Equal(woven, File.ReadAllBytes(_user[Output]));

        await Dotnet.Run(_user.Root, "build", links, Off);
        Assert.Equal(Published, File.ReadAllBytes(_user[Output]));

        await Dotnet.Run(_user.Root, "build", links);
        Assert.Equal(woven, File.ReadAllBytes(_user[Output]));
        await Dotnet.Run(_user.Root, "clean", links);
        Assert.Empty(Directory.EnumerateFiles(_user["obj/Debug/net10.0/"], "TorchSharp.dll*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Published_program_holds_numbers_as_a_single_file_too()
    {
        Write();
        await Dotnet.Run(_user.Root, "publish", "-o", "out");
        Assert.True(IsWoven(_user["out/TorchSharp.dll"]));

        await Dotnet.Run(_user.Root, "publish", "-o", "single", "--use-current-runtime", "--no-self-contained", "-p:PublishSingleFile=true");
        Assert.False(File.Exists(_user["single/TorchSharp.dll"]));
        Assert.Contains("held: True", await Dotnet.Start(_user["single/app"], _user.Root), StringComparison.Ordinal);
    }

    [Fact]
    public async Task File_based_app_holds_numbers_unless_it_says_otherwise()
    {
        _user.WriteFileBasedApp();
        string head = File.ReadAllText(_user["app.cs"])[..^UserFolder.SumProgram.Length];

        File.WriteAllText(_user["app.cs"], head + Program);
        Assert.Contains("held: True", await Dotnet.Run(_user.Root, "run", "--artifacts-path", "artifacts", "app.cs"), StringComparison.Ordinal);

        File.WriteAllText(_user["app.cs"], head + "#:property NetHookKeepAlive=false\n" + Program);
        Assert.Contains("held: False", await Dotnet.Run(_user.Root, "run", "--artifacts-path", "artifacts", "app.cs"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("it is no .NET assembly, or a damaged one", null)]
    [InlineData("it is TorchSharp 0.9.1, whose Scalar has no Handle", "[assembly: System.Reflection.AssemblyVersion(\"0.9.1\")] namespace TorchSharp; public class Scalar;")]
    public async Task TorchSharp_that_is_not_what_is_expected_is_used_as_it_is_with_a_warning(string reason, string? code)
    {
        Write(OtherTorchSharp);
        byte[] other = code is null ? "no assembly"u8.ToArray() : NumberCode.Compile(code).Assembly;
        File.WriteAllBytes(_user["other/TorchSharp.dll"], other);

        // It is not said once and then forgotten.
        foreach (int _ in new[] { 1, 2 })
        {
            Assert.Contains(
                $"warning NETHOOK003: The assembly is used unchanged, since {reason}. A number or tensor that code makes in passing, as in x * 0.5, "
                    + "may be freed while native code reads it. Use a TorchSharp version that NetHook supports, or set NetHookKeepAlive to false.",
                await Dotnet.Run(_user.Root, "build"),
                StringComparison.Ordinal);
            Assert.Equal(other, File.ReadAllBytes(_user[Output]));
        }

        Assert.DoesNotContain("NETHOOK", await Dotnet.Run(_user.Root, "build", Off), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Library_that_brings_no_TorchSharp_is_built_without()
    {
        Write("<PropertyGroup><OutputType>Library</OutputType></PropertyGroup>");
        File.WriteAllText(_user["Program.cs"], "public class Nothing;");

        await Dotnet.Run(_user.Root, "build");
        Assert.False(Directory.Exists(_user["obj/Debug/net10.0/keep-alive"]));
    }

    internal static bool IsWoven(string assembly)
    {
        using var reader = new PEReader(File.OpenRead(assembly));
        MetadataReader metadata = reader.GetMetadataReader();
        return metadata.TypeDefinitions.Any(type => metadata.StringComparer.Equals(metadata.GetTypeDefinition(type).Name, "HeldDuringNativeCalls"));
    }

    private void Write(string more = "")
    {
        _user.WriteProject(libTorch: false, more);
        File.WriteAllText(_user["Program.cs"], Program);
    }
}
