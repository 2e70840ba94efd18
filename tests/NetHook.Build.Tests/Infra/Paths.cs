using System.Reflection;

namespace NetHook.Build.Tests;

/// <summary>What the build knows and the tests need.</summary>
internal static class Paths
{
    /// <summary>TorchSharp's library for Linux in the package cache, which nothing may change.</summary>
    public static string LibTorchSharp { get; } = Metadata("LibTorchSharp");

    /// <summary>TorchSharp's assembly in the package cache.</summary>
    public static string TorchSharp { get; } = Metadata("TorchSharp");

    /// <summary>The assembly of the MSBuild tasks.</summary>
    public static string Tasks { get; } = Metadata("Tasks");

    public static string PackageCache { get; } = Metadata("PackageCache");

    public static string RepositoryRoot { get; } = Metadata("RepositoryRoot");

    private static string Metadata(string key) =>
        typeof(Paths).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == key).Value!;
}
