using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace NetHook.Build.Tests;

/// <summary>The packages: what is in them, and that a user outside the repository can work with nothing else.</summary>
public sealed partial class PackageTests(PackageFeed feed) : IClassFixture<PackageFeed>, IDisposable
{
    private readonly UserFolder _user = UserFolder.Empty();

    public void Dispose() => _user.Dispose();

    [Fact]
    public void Library_brings_documentation_symbols_and_the_target()
    {
        IEnumerable<string> files = feed.Files($"NetHook.{feed.Version}.nupkg");

        Assert.Equal(
            [
                "NetHook.nuspec", "README.md", "analyzers/dotnet/NetHook.Analyzers.dll", "analyzers/dotnet/NetHook.CodeFixes.dll",
                "buildTransitive/NetHook.Forward.targets", "buildTransitive/NetHook.KeepAlive.targets", "buildTransitive/NetHook.targets",
                "buildTransitive/RelaxLibstdcxx.cs", "buildTransitive/tasks/Mono.Cecil.dll", "buildTransitive/tasks/NetHook.Build.dll",
                "buildTransitive/tasks/NetHook.Rewriting.dll", "content/NetHook.fsx", "icon.png",
                "interactive-extensions/dotnet/extension.dib", "lib/net10.0/NetHook.dll", "lib/net10.0/NetHook.xml",
            ],
            files);
        Assert.Contains("lib/net10.0/NetHook.pdb", feed.Files($"NetHook.{feed.Version}.snupkg"));

        string specification = feed.Text($"NetHook.{feed.Version}.nupkg", "NetHook.nuspec");
        Assert.Contains("<license type=\"expression\">MIT</license>", specification, StringComparison.Ordinal);
        Assert.Contains("<icon>icon.png</icon>", specification, StringComparison.Ordinal);
        Assert.Contains("<readme>README.md</readme>", specification, StringComparison.Ordinal);
        Assert.Equal(["TorchSharp 0.107.0"], Dependencies(specification));
    }

    [Fact]
    public void Interpretability_brings_documentation_and_symbols()
    {
        Assert.Superset(
            new HashSet<string> { "README.md", "icon.png", "lib/net10.0/NetHook.Interpretability.dll", "lib/net10.0/NetHook.Interpretability.xml" },
            feed.Files($"NetHook.Interpretability.{feed.Version}.nupkg").ToHashSet());
        Assert.Contains("lib/net10.0/NetHook.Interpretability.pdb", feed.Files($"NetHook.Interpretability.{feed.Version}.snupkg"));
        Assert.Equal(
            [$"NetHook {feed.Version}"],
            Dependencies(feed.Text($"NetHook.Interpretability.{feed.Version}.nupkg", "NetHook.Interpretability.nuspec")));
    }

    [Fact]
    public void Rewriting_brings_the_loader_and_depends_on_Cecil_alone()
    {
        Assert.Superset(new HashSet<string> { "README.md", "icon.png", "lib/net10.0/NetHook.Rewriting.dll", "lib/net10.0/NetHook.Rewriting.xml" }, feed.Files($"NetHook.Rewriting.{feed.Version}.nupkg").ToHashSet());
        Assert.Equal(["Mono.Cecil 0.11.6"], Dependencies(feed.Text($"NetHook.Rewriting.{feed.Version}.nupkg", "NetHook.Rewriting.nuspec")).Distinct());
    }

    [Fact]
    public async Task Model_that_runs_its_layers_by_forward_is_seen_in_a_project_that_asks_for_it()
    {
        await feed.Run(_user, "new", "console", "--name", "app", "--output", ".", "--no-restore");
        await feed.Run(_user, "add", "package", "NetHook", "--version", feed.Version);
        await feed.Run(_user, "add", "package", UserFolder.LibTorch, "--version", "2.10.0");
        await feed.Run(_user, "add", "package", "Microsoft.ML.TorchSharp", "--version", "0.23.1");
        string project = File.ReadAllText(_user["app.csproj"]);
        File.WriteAllText(_user["app.csproj"], project.Replace("</Project>", """
              <PropertyGroup><NetHookRewriteForward>true</NetHookRewriteForward></PropertyGroup>
              <ItemGroup><NetHookRewriteForward Include="Microsoft.ML.TorchSharp" /></ItemGroup>
            </Project>
            """, StringComparison.Ordinal));
        File.WriteAllText(_user["Program.cs"], """
            using NetHook;
            using TorchSharp;
            using static TorchSharp.torch;

            var type = System.Reflection.Assembly.Load("Microsoft.ML.TorchSharp").GetType("Microsoft.ML.TorchSharp.Roberta.Models.Encoder")!;
            using var encoder = new Wrapped((nn.Module<Tensor, Tensor, Tensor>)Activator.CreateInstance(type, 2, 2, 8L, 8L, 8L, 16L, 1e-5, 0.1, 0.1, 0.1)!);
            Console.WriteLine(encoder.VerifyTracing(() => encoder.call(randn(1, 4, 8))).Summary);

            sealed class Wrapped : nn.Module<Tensor, Tensor>
            {
                private readonly nn.Module<Tensor, Tensor, Tensor> encoder;
                public Wrapped(nn.Module<Tensor, Tensor, Tensor> encoder) : base("Wrapped") { this.encoder = encoder; RegisterComponents(); }
                public override Tensor forward(Tensor x) => encoder.forward(x, zeros(1, 1, 1, 4));
            }
            """);

        const string Seen = "39 layers: 38 seen, 0 run by forward(), 0 inside native code, 1 holding others, 0 not reached";
        Assert.Contains(Seen, await feed.Run(_user, "run", "-p:CreateSymbolicLinksForCopyLocalIfPossible=true"), StringComparison.Ordinal);

        // What is published of a package comes from lists of its own.
        await feed.Run(_user, "publish", "--output", "out");
        Assert.Contains(Seen, await Dotnet.Start(_user["out/app"], _user.Root), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("NetHook")]
    [InlineData("NetHook.Interpretability")]
    [InlineData("NetHook.Rewriting")]
    [InlineData("NetHook.Cli")]
    public void Page_of_a_package_is_its_own_and_leads_nowhere_that_is_not_there(string package)
    {
        string page = feed.Text($"{package}.{feed.Version}.nupkg", "README.md");
        Assert.Equal(File.ReadAllText(Path.Combine(Paths.RepositoryRoot, "src", package, "PACKAGE.md")), page);
        Assert.All(Link().Matches(page), link => Assert.StartsWith("https://", link.Groups["to"].Value, StringComparison.Ordinal));
    }

    [Fact]
    public async Task New_project_to_which_the_packages_are_added_runs()
    {
        await feed.Run(_user, "new", "console", "--name", "app", "--output", ".", "--no-restore");
        await feed.Run(_user, "add", "package", "NetHook.Interpretability", "--version", feed.Version);
        await feed.Run(_user, "add", "package", UserFolder.LibTorch, "--version", "2.10.0");
        File.WriteAllText(_user["Program.cs"], """
            using NetHook;
            using NetHook.Interpretability;
            using TorchSharp;

            using var net = torch.nn.Sequential(("fc", torch.nn.Linear(2, 3)), ("act", torch.nn.ReLU()));
            using var trace = new Trace(net, "fc");
            net.call(torch.ones(4, 2));
            Console.WriteLine($"fc gave {string.Join("x", trace.Output.shape)}");

            using var model = LanguageModel.Bundled();
            Console.WriteLine($"Paris? {model.NextTokens("The capital of France is", 1)[0].Text}");
            """);

        // The target comes with NetHook, on which the package depends.
        string printed = await feed.Run(_user, "run", "-p:CreateSymbolicLinksForCopyLocalIfPossible=true");
        Assert.Contains("fc gave 4x3", printed, StringComparison.Ordinal);
        Assert.Contains("Paris?  Paris", printed, StringComparison.Ordinal);
        Assert.True(KeepAliveBuildTests.IsWoven(_user["bin/Debug/net10.0/TorchSharp.dll"]));
        if (!OperatingSystem.IsLinux())
            return;
        byte[] relaxed = File.ReadAllBytes(Paths.LibTorchSharp);
        VersionNeed.Relax(relaxed);
        Assert.Equal(relaxed, File.ReadAllBytes(_user["bin/Debug/net10.0/runtimes/linux-x64/native/libLibTorchSharp.so"]));
    }

    [Fact]
    public async Task Script_of_the_page_runs_in_fsharp_interactive_and_prints_what_the_page_says()
    {
        string page = File.ReadAllText(Path.Combine(Paths.RepositoryRoot, "docs", "scripts.md")).ReplaceLineEndings("\n");
        MatchCollection blocks = Script().Matches(page);
        Assert.Equal(2, blocks.Count);
        string script = string.Concat(blocks.Select(block => block.Groups["code"].Value))
            .Replace("NetHook.Interpretability, 0.1.0", $"NetHook.Interpretability, {feed.Version}", StringComparison.Ordinal)
            .Replace("libtorch-cpu-linux-x64", UserFolder.LibTorch, StringComparison.Ordinal);
        File.WriteAllText(_user["page.fsx"], $"#i \"nuget: {feed.Folder.Replace('\\', '/')}\"\n{script}");

        string printed = await feed.Run(_user, "fsi", "page.fsx");

        Assert.Equal(string.Concat(blocks.Select(block => block.Groups["output"].Value)), printed.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task Tool_that_is_installed_runs_the_main_job()
    {
        await feed.Run(_user, "tool", "install", "NetHook.Cli", "--version", feed.Version, "--tool-path", "tools");

        // With the model and the libtorch that are in the package.
        string text = await Dotnet.Start(_user["tools/nethook"], _user.Root, "trace", "The capital of France is");
        Assert.Contains("transformer.h.0", text, StringComparison.Ordinal);
        Assert.All(Directory.EnumerateFiles(_user["tools/"], "TorchSharp.dll", SearchOption.AllDirectories), file => Assert.True(KeepAliveBuildTests.IsWoven(file)));
    }

    private static IEnumerable<string> Dependencies(string specification) =>
        XDocument.Parse(specification).Descendants().Where(element => element.Name.LocalName == "dependency")
            .Select(element => $"{element.Attribute("id")!.Value} {element.Attribute("version")!.Value}");

    [GeneratedRegex(@"^```fsharp\n(?<code>.*?)^```\n\n```text\n(?<output>.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Script();

    [GeneratedRegex(@"\]\((?<to>[^)\s]+)\)")]
    private static partial Regex Link();
}
