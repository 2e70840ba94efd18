using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Build.Framework;
using Mono.Cecil;
using NetHook.Rewriting;

namespace NetHook.Build;

/// <summary>A task that changes the code of assemblies. It leaves an assembly that it cannot change as it is, with a warning.</summary>
public abstract class RewriteTask : Microsoft.Build.Utilities.Task
{
    private static readonly string Version = typeof(RewriteTask).Assembly.ManifestModule.ModuleVersionId.ToString();

    /// <summary>The assemblies among which those that are referred to are found.</summary>
    [Required]
    public ITaskItem[] References { get; set; } = [];

    /// <summary>Changes the code of one assembly, and says whether it did.</summary>
    private protected abstract bool Change(ModuleDefinition module, string path);

    /// <summary>What the warning says beside the reason.</summary>
    private protected abstract string WhenUnchanged { get; }

    /// <summary>Writes the changed assembly and its symbols, unless that was done before with the same files.</summary>
    /// <param name="original">The assembly; only read, if it is not the destination itself.</param>
    /// <param name="destination">Not there afterwards if nothing was changed and it is not the original.</param>
    /// <param name="record">A file that says of what the destination was made.</param>
    /// <param name="strongNameKey">Signs the assembly anew; null for one that is not signed, or whose key is not at hand.</param>
    private protected void Rewrite(string original, string destination, string record, byte[]? strongNameKey = null)
    {
        try
        {
            var image = AssemblyImage.Read(original);
            if (File.Exists(record) && File.ReadAllText(record) == Fingerprint(image))
            {
                Log.LogMessage(MessageImportance.Low, "{0} is up to date.", destination);
                return;
            }

            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(record)));
            File.Delete(record);
            bool inPlace = original == destination;
            if (!inPlace)
                Delete(destination);
            using var resolver = new AssemblyFiles(References.Select(reference => reference.ItemSpec));
            if (image.Rewrite(resolver, module => Change(module, original), strongNameKey) is { } rewritten)
            {
                rewritten.Write(destination);
                image = inPlace ? rewritten : image;
            }

            File.WriteAllText(record, Fingerprint(image));
        }
        catch (InvalidDataException unexpected)
        {
            Log.LogWarning(null, "NETHOOK003", null, original, 0, 0, 0, 0, "The assembly is used unchanged, since {0}. {1}", unexpected.Message, WhenUnchanged);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Log.LogError(null, "NETHOOK004", null, destination, 0, 0, 0, 0, "The rewritten assembly cannot be written: {0}", failure.Message);
        }
    }

    private static void Delete(string assembly)
    {
        File.Delete(assembly);
        File.Delete(Path.ChangeExtension(assembly, ".pdb"));
    }

    // Of the assembly, what it may refer to, and what rewrites it.
    private string Fingerprint(AssemblyImage image)
    {
        using var sha = SHA256.Create();
        IEnumerable<byte[]> parts =
        [
            image.Assembly, image.Symbols ?? [], Encoding.UTF8.GetBytes(string.Join("\n", References.Select(reference => reference.ItemSpec))),
        ];
        return string.Join(" ", parts.Select(part => BitConverter.ToString(sha.ComputeHash(part)).Replace("-", "")).Append(Version));
    }
}
