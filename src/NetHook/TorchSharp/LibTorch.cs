using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using NetHook.Build;
using TorchSharp;

namespace NetHook;

/// <summary>
/// Loads libtorch in scripts and notebooks, where no build has mended TorchSharp's library: on Linux it asks for a version of
/// libstdc++ that Debian 12 and Ubuntu 22.04 lack. F# Interactive and .NET Interactive call <see cref="Load"/> when they
/// reference the package.
/// </summary>
/// <example><code>
/// #r "nuget: NetHook.Interpretability, 0.1.0"
/// #r "nuget: libtorch-cpu-linux-x64, 2.10.0"
/// NetHook.LibTorch.Load();
/// </code></example>
public static class LibTorch
{
    private static readonly Lock Loading = new();

    /// <summary>
    /// Loads libtorch for the CPU from the package cache, with a mended copy of TorchSharp's library, unless they load as they
    /// are. Call it before anything of TorchSharp: a first use that failed cannot be repeated in the same process.
    /// </summary>
    /// <remarks>
    /// The copy lies in the user's folder for local data. The package cache is only read. Thread-safe; another call does nothing.
    /// In a program that was built, on Windows and on macOS there is nothing to do. For CUDA, use a project instead of a script.
    /// </remarks>
    /// <exception cref="DllNotFoundException">Libtorch is not in the package cache, or cannot be loaded; the message says what to reference.</exception>
    public static void Load()
    {
        lock (Loading)
        {
            Assembly torchSharp = typeof(torch).Assembly;
            if (!OperatingSystem.IsLinux() || LoadsAsItIs(torchSharp))
                return;
            IReadOnlyList<string> caches = PackageCaches(torchSharp);
            string libTorch = Native(caches, "libtorch-cpu-linux-x64", LibTorchVersion());
            foreach (string library in (string[])["libc10.so", "libtorch_cpu.so", "libtorch.so"])
                NativeLibrary.Load(Path.Combine(libTorch, library));

            // What TorchSharp then asks for by its name is in the process already.
            NativeLibrary.Load(Mended(Path.Combine(Native(caches, "torchsharp", TorchSharpVersion(torchSharp)), "libLibTorchSharp.so")));
        }
    }

    // As TorchSharp does it when it is first used.
    private static bool LoadsAsItIs(Assembly torchSharp) =>
        NativeLibrary.TryLoad("torch_cpu", torchSharp, null, out _) & NativeLibrary.TryLoad("LibTorchSharp", torchSharp, null, out _);

    /// <summary>The cache in which TorchSharp lies, as in scripts (<c>torchsharp/VERSION/lib/FRAMEWORK/TorchSharp.dll</c>), and the user's.</summary>
    private static IReadOnlyList<string> PackageCaches(Assembly torchSharp) =>
    [
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(torchSharp.Location)!, "..", "..", "..", "..")),
        Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } chosen
            ? chosen
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages"),
    ];

    private static string Native(IReadOnlyList<string> caches, string package, string version) =>
        caches.Select(cache => Path.Combine(cache, package, version, "runtimes", "linux-x64", "native")).FirstOrDefault(Directory.Exists)
        ?? throw new DllNotFoundException($"{package} {version} is not in {string.Join(" or ", caches)}. Reference it first, in a script by #r \"nuget: {package}, {version}\".");

    /// <summary>The path of a copy that loads where libstdc++ is older.</summary>
    private static string Mended(string original)
    {
        byte[] image = File.ReadAllBytes(original);
        VersionNeed.Relax(image);
        string local = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        string folder = local.Length > 0 ? Path.Combine(local, "NetHook", "libstdc++") : Directory.CreateTempSubdirectory("NetHook").FullName;
        string copy = Path.Combine(folder, $"{Convert.ToHexStringLower(SHA256.HashData(image))[..16]}-libLibTorchSharp.so");
        if (!File.Exists(copy) || !image.AsSpan().SequenceEqual(File.ReadAllBytes(copy)))
        {
            Directory.CreateDirectory(folder);
            string temporary = Path.Combine(folder, Path.GetRandomFileName());
            File.WriteAllBytes(temporary, image);
            File.Move(temporary, copy, overwrite: true);
        }

        return copy;
    }

    // A constant is read without running the class's initializer, which is what loads libtorch.
    private static string LibTorchVersion() =>
        Normal((string)typeof(torch).GetField("libtorchPackageVersion", BindingFlags.Static | BindingFlags.NonPublic)!.GetRawConstantValue()!);

    private static string TorchSharpVersion(Assembly torchSharp) =>
        Normal(torchSharp.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0]);

    /// <summary>A version as the cache names its folders: 2.10.0.0 is 2.10.0.</summary>
    private static string Normal(string version) =>
        version.Split('.') is [var major, var minor, var patch, "0"] ? $"{major}.{minor}.{patch}" : version;
}
