namespace NetHook.Build.Tests;

/// <summary>A folder outside the repository in which someone builds with the repository's package versions, and its target.</summary>
internal sealed class UserFolder : IDisposable
{
    public const string SumProgram = "System.Console.WriteLine((int)TorchSharp.torch.arange(6).sum());";
    private readonly TemporaryFolder _folder;

    public UserFolder()
    {
        _folder = new();
        File.WriteAllText(_folder["Directory.Packages.props"], Import("Directory.Packages.props"));
        File.WriteAllText(_folder["Directory.Build.targets"], $"""
            <Project>
              <PropertyGroup>
                <NetHookTasks>{Paths.Tasks}</NetHookTasks>
              </PropertyGroup>
              <Import Project="{Path.Combine(Paths.RepositoryRoot, "build/NetHook.targets")}" />
            </Project>
            """);
    }

    private UserFolder(TemporaryFolder folder) => _folder = folder;

    /// <summary>A folder of someone who has nothing of the repository.</summary>
    public static UserFolder Empty() => new(new TemporaryFolder());

    /// <summary>What the programs written here print.</summary>
    public const string Sum = "15";

    public string Root => _folder.Root;

    public string this[string relative] => _folder[relative];

    /// <summary>The package of libtorch for this system.</summary>
    public static string LibTorch =>
        OperatingSystem.IsWindows() ? "libtorch-cpu-win-x64" : OperatingSystem.IsMacOS() ? "libtorch-cpu-osx-arm64" : "libtorch-cpu-linux-x64";

    public void Dispose() => _folder.Dispose();

    /// <summary>Writes the project app.csproj; without libtorch's 500 MB, it can be built but not run.</summary>
    public void WriteProject(bool libTorch = true, string more = "")
    {
        File.WriteAllText(_folder["Program.cs"], SumProgram);
        File.WriteAllText(_folder["app.csproj"], $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="TorchSharp" />
                <PackageReference Include="{LibTorch}" Condition="{libTorch}" />
              </ItemGroup>
              {more}
            </Project>
            """);
    }

    /// <summary>Writes the file-based app app.cs.</summary>
    public void WriteFileBasedApp() => File.WriteAllText(_folder["app.cs"], $"""
        #:package TorchSharp
        #:package {LibTorch}
        #:property PublishAot=false
        #:property CreateSymbolicLinksForCopyLocalIfPossible=true
        {SumProgram}
        """);

    private static string Import(string file) => $"""<Project><Import Project="{Path.Combine(Paths.RepositoryRoot, file)}" /></Project>""";
}
