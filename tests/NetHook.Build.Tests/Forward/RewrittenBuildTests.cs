namespace NetHook.Build.Tests;

/// <summary>Projects outside the repository whose builds rewrite <c>forward()</c>, and what they print when they run.</summary>
public sealed class RewrittenBuildTests : IDisposable
{
    private const string Links = "-p:CreateSymbolicLinksForCopyLocalIfPossible=true";
    private const string On = "-p:NetHookRewriteForward=true";
    private const string Assembly = "bin/Debug/net10.0/app.dll";

    private const string Model = """
        using TorchSharp;
        using static TorchSharp.torch;

        public class Net : nn.Module<Tensor, Tensor>
        {
            public TorchSharp.Modules.Linear layer = nn.Linear(2, 2);
            public Net() : base("Net") => RegisterComponents();
            public override Tensor forward(Tensor x) => layer.forward(x);
        }
        """;

    // Also where an exception in the model is said to come from.
    private const string Program = """
        using TorchSharp;
        using static TorchSharp.torch;

        using var net = new Net();
        var calls = 0;
        net.layer.register_forward_hook(_ => calls++);
        net.call(ones(1, 2));
        Console.WriteLine($"calls: {calls}");
        try { net.call(ones(1, 3)); }
        catch (Exception e) { Console.WriteLine(e.StackTrace); }
        """;

    private const string VisualBasic = """
        Imports System
        Imports TorchSharp
        Imports TorchSharp.torch

        Public Class Net
            Inherits nn.Module(Of Tensor, Tensor)

            Public layer As Modules.Linear = nn.Linear(2, 2)

            Public Sub New()
                MyBase.New("Net")
                RegisterComponents()
            End Sub

            Public Overrides Function forward(x As Tensor) As Tensor
                Return layer.forward(x)
            End Function
        End Class

        Public Module Program
            Public Sub Main()
                Dim net As New Net()
                Dim calls = 0
                net.layer.register_forward_hook(
                    Function(layer, x, y)
                        calls += 1
                        Return Nothing
                    End Function)
                net.call(torch.ones(1, 2))
                Console.WriteLine($"calls: {calls}")
            End Sub
        End Module
        """;

    private const string FSharp = """
        open System
        open TorchSharp

        type Net() as this =
            inherit torch.nn.Module<torch.Tensor, torch.Tensor>("Net")
            let layer = torch.nn.Linear(2L, 2L)
            do this.RegisterComponents()
            member _.Layer = layer
            override _.forward(x: torch.Tensor) = layer.forward x

        let net = new Net()
        let mutable calls = 0
        net.Layer.register_forward_hook(Func<_, _, _, _>(fun _ _ _ -> calls <- calls + 1; null)) |> ignore
        net.call(torch.ones(1L, 2L)) |> ignore
        printfn $"calls: {calls}"
        """;

    private readonly UserFolder _user = new();

    public void Dispose() => _user.Dispose();

    [Fact]
    public async Task Own_assembly_is_rewritten_on_request_once_and_not_without()
    {
        Write();
        Assert.Contains("calls: 0", await Dotnet.Run(_user.Root, "run", Links), StringComparison.Ordinal);
        byte[] untouched = File.ReadAllBytes(_user[Assembly]);

        // The property is turned on after a build without it: there is nothing new to compile but for that.
        string log = await Dotnet.Run(_user.Root, "build", Links, On, "-v:n", "-tl:off");
        Assert.Contains("app.dll: 1 uses of forward() are call() now, 0 stay as they are.", log, StringComparison.Ordinal);
        string printed = await Dotnet.Start(_user["bin/Debug/net10.0/app"], _user.Root);
        Assert.Contains("calls: 1", printed, StringComparison.Ordinal);
        Assert.Contains("Net.cs:line 8", printed, StringComparison.Ordinal);
        byte[] rewritten = File.ReadAllBytes(_user[Assembly]);

        log = await Dotnet.Run(_user.Root, "build", Links, On, "-v:d", "-tl:off");
        Assert.Contains("app.dll is up to date.", log, StringComparison.Ordinal);
        Assert.Equal(rewritten, File.ReadAllBytes(_user[Assembly]));

        await Dotnet.Run(_user.Root, "build", Links);
        Assert.Equal(untouched, File.ReadAllBytes(_user[Assembly]));
    }

    [Theory]
    [InlineData("vb", VisualBasic)]
    [InlineData("fs", FSharp)]
    public async Task Program_in_another_language_is_rewritten(string language, string code)
    {
        // F# refers to its own library only where versions are not managed centrally.
        _user.WriteProject(more: language == "vb" ? "<PropertyGroup><RootNamespace /></PropertyGroup>" : $"""
            <ItemGroup>
              <Compile Include="Program.fs" />
              <PackageReference Update="TorchSharp" Version="0.107.0" />
              <PackageReference Update="{UserFolder.LibTorch}" Version="2.10.0" />
            </ItemGroup>
            """);
        if (language == "fs")
            File.WriteAllText(_user["Directory.Packages.props"], "<Project />");
        File.Delete(_user["Program.cs"]);
        File.Move(_user["app.csproj"], _user[$"app.{language}proj"]);
        File.WriteAllText(_user["Program." + language], code);

        string log = await Dotnet.Run(_user.Root, "build", Links, On, "-v:n", "-tl:off");
        Assert.Contains("app.dll: 1 uses of forward() are call() now, 0 stay as they are.", log, StringComparison.Ordinal);
        Assert.Contains("calls: 1", await Dotnet.Start(_user["bin/Debug/net10.0/app"], _user.Root), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Trimmed_program_is_warned_of()
    {
        Write(libTorch: false);

        string log = await Dotnet.Run(_user.Root, "build", Links, "-t:_NetHookSayTrimmed", "-p:PublishTrimmed=true");
        Assert.Contains(
            "warning NETHOOK007: NetHook finds layers and their hooks by reflection, and a trimmed program may lack them: set PublishTrimmed (or PublishAot) to false.",
            log,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Published_program_is_rewritten_as_a_single_file_too()
    {
        Write();
        await Dotnet.Run(_user.Root, "publish", On, "-o", "out", "--use-current-runtime", "--no-self-contained", "-p:PublishSingleFile=true;IncludeNativeLibrariesForSelfExtract=false");

        Assert.Contains("calls: 1", await Dotnet.Start(_user["out/app"], _user.Root), StringComparison.Ordinal);
    }

    [Fact]
    public async Task File_based_app_is_rewritten_after_each_change()
    {
        _user.WriteFileBasedApp();
        string head = File.ReadAllText(_user["app.cs"])[..^UserFolder.SumProgram.Length] + "#:property NetHookRewriteForward=true\n";
        foreach (string? text in new[] { "calls", "count" })
        {
            string code = Program.Replace("{\"calls: ", "", StringComparison.Ordinal).Replace("$\"calls:", $"$\"{text}:", StringComparison.Ordinal);
            File.WriteAllText(_user["app.cs"], head + code + "\n" + Model[Model.IndexOf("public class", StringComparison.Ordinal)..]);
            Assert.Contains($"{text}: 1", await Dotnet.Run(_user.Root, "run", "--artifacts-path", "artifacts", "app.cs"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Referenced_assembly_is_rewritten_in_the_output_alone()
    {
        Write(more: """
            <ItemGroup>
              <Compile Remove="lib/**;Net.cs" />
              <ProjectReference Include="lib/models.csproj" />
              <NetHookRewriteForward Include="models" />
            </ItemGroup>
            """);
        WriteLibrary("<TargetFrameworks>net10.0;net8.0</TargetFrameworks>");

        string printed = await Dotnet.Run(_user.Root, "run", Links);
        Assert.Contains("calls: 1", printed, StringComparison.Ordinal);
        Assert.Contains("Net.cs:line 8", printed, StringComparison.Ordinal);
        byte[] original = File.ReadAllBytes(_user["lib/bin/Debug/net10.0/models.dll"]);
        Assert.NotEqual(original, File.ReadAllBytes(_user["bin/Debug/net10.0/models.dll"]));

        Assert.Contains("models.dll is up to date.", await Dotnet.Run(_user.Root, "build", Links, "-v:d", "-tl:off"), StringComparison.Ordinal);
        await Dotnet.Run(_user.Root, "publish", "-o", "out");
        Assert.Equal(File.ReadAllBytes(_user["bin/Debug/net10.0/models.dll"]).Length, File.ReadAllBytes(_user["out/models.dll"]).Length);
        Assert.Contains("calls: 1", await Dotnet.Start(_user["out/app"], _user.Root), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Projects_that_ask_for_it_are_rewritten_for_each_target_framework()
    {
        Write(more: """<ItemGroup><Compile Remove="lib/**;Net.cs" /><ProjectReference Include="lib/models.csproj" /></ItemGroup>""");
        WriteLibrary("<TargetFrameworks>net10.0;net8.0</TargetFrameworks><NetHookRewriteForward>true</NetHookRewriteForward>");

        Assert.Contains("calls: 1", await Dotnet.Run(_user.Root, "run", Links), StringComparison.Ordinal);
        string log = await Dotnet.Run(_user["lib"], "build", "-v:n", "-tl:off", "--no-incremental");
        Assert.Equal(2, log.Split("models.dll: 1 uses of forward() are call() now").Length - 1);
    }

    [Fact]
    public async Task Name_that_fits_nothing_and_TorchSharp_itself_are_warned_of()
    {
        Write(more: """
            <ItemGroup>
              <NetHookRewriteForward Include="Mispelt" />
              <NetHookRewriteForward Include="TorchSharp" />
            </ItemGroup>
            """, libTorch: false);

        string log = await Dotnet.Run(_user.Root, "build", Links);
        Assert.Contains("warning NETHOOK006: NetHookRewriteForward names Mispelt, and no assembly of that name goes to the output.", log, StringComparison.Ordinal);
        Assert.Contains("warning NETHOOK005: NetHookRewriteForward names TorchSharp, which is not rewritten: its forward() is what call() runs.", log, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_user["obj/Debug/net10.0/NetHook"]));
    }

    [Fact]
    public async Task Reference_that_cannot_be_read_is_copied_as_it_is_with_a_warning()
    {
        Write(more: """
            <ItemGroup>
              <None Include="broken.dll" />
              <ReferenceCopyLocalPaths Include="broken.dll" />
              <NetHookRewriteForward Include="broken" />
            </ItemGroup>
            """, libTorch: false);
        File.WriteAllText(_user["broken.dll"], "broken");

        foreach (int _ in new[] { 1, 2 })
        {
            string log = await Dotnet.Run(_user.Root, "build", Links);
            Assert.Contains(
                "warning NETHOOK003: The assembly is used unchanged, since it is no .NET assembly, or a damaged one. Layers that it runs by forward() are not seen.",
                log,
                StringComparison.Ordinal);
            Assert.Equal("broken", File.ReadAllText(_user["bin/Debug/net10.0/broken.dll"]));
        }
    }

    private void Write(string more = "", bool libTorch = true)
    {
        _user.WriteProject(libTorch, "<PropertyGroup><ImplicitUsings>enable</ImplicitUsings></PropertyGroup>" + more);
        File.WriteAllText(_user["Program.cs"], Program);
        File.WriteAllText(_user["Net.cs"], Model);
    }

    private void WriteLibrary(string properties)
    {
        File.Move(_user["Net.cs"], _user["lib/Net.cs"]);
        File.WriteAllText(_user["lib/models.csproj"], $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                {properties}
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="TorchSharp" />
              </ItemGroup>
            </Project>
            """);
    }
}
