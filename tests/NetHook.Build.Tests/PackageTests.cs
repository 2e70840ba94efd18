namespace NetHook.Build.Tests;

/// <summary>The packages: what is in them, and that a user outside the repository can work with nothing else.</summary>
public sealed class PackageTests(PackageFeed feed) : IClassFixture<PackageFeed>, IDisposable
{
    private readonly UserFolder _user = new(withTarget: false);

    public void Dispose() => _user.Dispose();

    [Fact]
    public void Library_brings_documentation_symbols_and_the_target()
    {
        var files = feed.Files($"NetHook.{feed.Version}.nupkg");

        Assert.Equal(
            [
                "NetHook.nuspec", "README.md", "buildTransitive/NetHook.targets", "buildTransitive/RelaxLibstdcxx.cs", "icon.png",
                "lib/net10.0/NetHook.dll", "lib/net10.0/NetHook.xml",
            ],
            files);
        Assert.Contains("lib/net10.0/NetHook.pdb", feed.Files($"NetHook.{feed.Version}.snupkg"));

        var specification = feed.Text($"NetHook.{feed.Version}.nupkg", "NetHook.nuspec");
        Assert.Contains("<license type=\"expression\">MIT</license>", specification, StringComparison.Ordinal);
        Assert.Contains("<icon>icon.png</icon>", specification, StringComparison.Ordinal);
        Assert.Contains("<readme>README.md</readme>", specification, StringComparison.Ordinal);
        Assert.Contains("<dependency id=\"TorchSharp\" version=\"0.107.0\"", specification, StringComparison.Ordinal);
    }

    [Fact]
    public void Interpretability_brings_documentation_and_symbols()
    {
        Assert.Superset(
            new HashSet<string> { "README.md", "icon.png", "lib/net10.0/NetHook.Interpretability.dll", "lib/net10.0/NetHook.Interpretability.xml" },
            feed.Files($"NetHook.Interpretability.{feed.Version}.nupkg").ToHashSet());
        Assert.Contains("lib/net10.0/NetHook.Interpretability.pdb", feed.Files($"NetHook.Interpretability.{feed.Version}.snupkg"));
    }

    [Fact]
    public async Task Project_with_the_package_runs()
    {
        _user.WriteProject(more: $"""
            <ItemGroup>
              <PackageVersion Include="NetHook.Interpretability" Version="{feed.Version}" />
              <PackageReference Include="NetHook.Interpretability" />
            </ItemGroup>
            """);
        File.WriteAllText(_user["Program.cs"], """
            using NetHook;
            using TorchSharp;

            using var net = torch.nn.Sequential(("fc", torch.nn.Linear(2, 3)), ("act", torch.nn.ReLU()));
            using var trace = new Trace(net, "fc");
            net.call(torch.ones(4, 2));
            System.Console.WriteLine($"fc gave {string.Join("x", trace.Output.shape)}");
            """);

        // The target comes with NetHook, on which the package depends.
        Assert.Contains("fc gave 4x3", await feed.Run(_user, "run", "-p:CreateSymbolicLinksForCopyLocalIfPossible=true"), StringComparison.Ordinal);
        var relaxed = File.ReadAllBytes(Paths.LibTorchSharp);
        VersionNeed.Relax(relaxed);
        Assert.Equal(relaxed, File.ReadAllBytes(_user["bin/Debug/net10.0/runtimes/linux-x64/native/libLibTorchSharp.so"]));
    }

    [Fact]
    public async Task Tool_that_is_installed_runs_the_main_job()
    {
        await feed.Run(_user, "tool", "install", "NetHook.Cli", "--version", feed.Version, "--tool-path", "tools");

        // With the model and the libtorch that are in the package.
        var text = await Dotnet.Start(_user["tools/nethook"], _user.Root, "trace", "The capital of France is");
        Assert.Contains("transformer.h.0", text, StringComparison.Ordinal);
    }
}
