namespace NetHook.Build.Tests;

/// <summary>Projects outside the repository, built with the target: TorchSharp loads, and the package cache is only read.</summary>
public sealed class OutputTests : IDisposable
{
    private const string Library = "bin/Debug/net10.0/runtimes/linux-x64/native/libLibTorchSharp.so";
    private const string Links = "-p:CreateSymbolicLinksForCopyLocalIfPossible=true";

    // A build for Linux, wherever the test runs.
    private const string Always = "-p:NetHookRelaxLibstdcxx=true";
    private static readonly byte[] Original = File.ReadAllBytes(Paths.LibTorchSharp);
    private readonly UserFolder _user = new();

    public void Dispose()
    {
        Assert.Equal(Original, File.ReadAllBytes(Paths.LibTorchSharp));
        _user.Dispose();
    }

    [Fact]
    public async Task Project_loads_TorchSharp()
    {
        _user.WriteProject();

        Assert.Contains(UserFolder.Sum, await Dotnet.Run(_user.Root, "run", Links), StringComparison.Ordinal);
        Assert.Contains(
            "Skipping target \"_NetHookRelaxLibstdcxx\" because all output files are up-to-date",
            await Dotnet.Run(_user.Root, "build", Links, "-v:n"),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Project_for_one_system_loads_TorchSharp()
    {
        _user.WriteProject();

        await Dotnet.Run(_user.Root, "build", Links, "--use-current-runtime", "-o", "out");
        Assert.Contains(UserFolder.Sum, await Dotnet.Start(_user["out/app"], _user.Root), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Published_project_loads_TorchSharp()
    {
        _user.WriteProject();

        await Dotnet.Run(_user.Root, "publish", "-o", "out");
        Assert.Contains(UserFolder.Sum, await Dotnet.Start(_user["out/app"], _user.Root), StringComparison.Ordinal);
    }

    [Fact]
    public async Task File_based_app_loads_TorchSharp()
    {
        _user.WriteFileBasedApp();

        Assert.Contains(UserFolder.Sum, await Dotnet.Run(_user.Root, "run", "--artifacts-path", "artifacts", "app.cs"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Output_that_was_a_link_is_not_written_through()
    {
        _user.WriteProject(libTorch: false);
        string cache = Decoy();
        HardLink.Create(_user[Library], cache);

        await Dotnet.Run(_user.Root, "build", Always);
        Assert.Equal(Relaxed(), File.ReadAllBytes(_user[Library]));

        File.Delete(_user[Library]);
        File.CreateSymbolicLink(_user[Library], cache);
        await Dotnet.Run(_user.Root, "build", Always, Links);
        Assert.Equal(Relaxed(), File.ReadAllBytes(_user[Library]));

        // From links to copies.
        await Dotnet.Run(_user.Root, "build", Always);
        Assert.Null(new FileInfo(_user[Library]).LinkTarget);
        Assert.Equal(Relaxed(), File.ReadAllBytes(_user[Library]));
        Assert.Equal(Original, File.ReadAllBytes(cache));
    }

    private static byte[] Relaxed()
    {
        byte[] image = Original.ToArray();
        VersionNeed.Relax(image);
        return image;
    }

    /// <summary>A file that stands for the one in the package cache, which no test may put at risk.</summary>
    private string Decoy()
    {
        File.Copy(Paths.LibTorchSharp, _user["cache/libLibTorchSharp.so"]);
        return _user["cache/libLibTorchSharp.so"];
    }
}
