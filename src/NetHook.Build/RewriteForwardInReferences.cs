using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace NetHook.Build;

/// <summary>Rewrites copies of assemblies that a project refers to, and puts them in the originals' places among the files to be copied.</summary>
public sealed class RewriteForwardInReferences : ForwardRewriteTask
{
    private static readonly string[] NeverRewritten = ["TorchSharp", "NetHook", "NetHook.Interpretability"];
    private readonly Dictionary<string, string> _copies = new(StringComparer.Ordinal);

    /// <summary>The names of the assemblies to rewrite, with or without <c>.dll</c>.</summary>
    [Required]
    public ITaskItem[] Names { get; set; } = [];

    /// <summary>The folder for the copies.</summary>
    [Required]
    public string Folder { get; set; } = "";

    /// <summary>The files that go to the output. Afterwards, those that were rewritten stand for their originals.</summary>
    [Required]
    [Output]
    public ITaskItem[] Files { get; set; } = [];

    /// <summary>The files that packages give to the output; they are also among the others.</summary>
    [Output]
    public ITaskItem[] PackageFiles { get; set; } = [];

    /// <summary>The files that packages give to what is published; they are also among the others.</summary>
    [Output]
    public ITaskItem[] PublishedFiles { get; set; } = [];

    /// <summary>The files that packages give to the output for some systems only.</summary>
    [Output]
    public ITaskItem[] PackageFilesBySystem { get; set; } = [];

    /// <summary>What was written, with this task's records of it.</summary>
    [Output]
    public ITaskItem[] Written { get; set; } = [];

    /// <inheritdoc/>
    public override bool Execute()
    {
        foreach (string? name in Names.Select(item => item.ItemSpec).Select(WithoutExtension).Distinct(StringComparer.OrdinalIgnoreCase))
            RewriteNamed(name);
        Files = WithCopies(Files);
        PackageFiles = WithCopies(PackageFiles);
        PublishedFiles = WithCopies(PublishedFiles);
        PackageFilesBySystem = WithCopies(PackageFilesBySystem);
        Written = [.. Directory.Exists(Folder) ? Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories).Select(file => new TaskItem(file)) : []];
        return !Log.HasLoggedErrors;
    }

    private void RewriteNamed(string name)
    {
        if (NeverRewritten.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            Log.LogWarning(null, "NETHOOK005", null, null, 0, 0, 0, 0, "NetHookRewriteForward names {0}, which is not rewritten: its forward() is what call() runs.", name);
            return;
        }

        var originals = Files.Concat(PackageFilesBySystem).Select(item => item.ItemSpec).Where(path => IsNamed(path, name)).Distinct().ToList();
        if (originals.Count == 0)
            SayWhyNone(name);
        foreach (string? original in originals)
        {
            string copy = Path.Combine(Folder, FolderFor(original), Path.GetFileName(original));
            Rewrite(original, copy, copy + ".record");
            Use(copy, original);
            Use(Path.ChangeExtension(copy, ".pdb"), Path.ChangeExtension(original, ".pdb"));
        }
    }

    private void Use(string copy, string original)
    {
        if (File.Exists(copy))
            _copies[original] = copy;
    }

    private void SayWhyNone(string name)
    {
        if (References.Any(reference => IsNamed(reference.ItemSpec, name)))
        {
            Log.LogMessage(MessageImportance.Normal, "{0} is not copied to this project's output, and so it is not rewritten here.", name);
            return;
        }

        Log.LogWarning(
            null, "NETHOOK006", null, null, 0, 0, 0, 0,
            "NetHookRewriteForward names {0}, and no assembly of that name goes to the output. Give the name of a referenced assembly, without .dll.", name);
    }

    private ITaskItem[] WithCopies(ITaskItem[] items) =>
        [.. items.Select(item => _copies.TryGetValue(item.ItemSpec, out string? copy) ? new TaskItem(item) { ItemSpec = copy } : item)];

    private static bool IsNamed(string path, string name) =>
        Path.GetFileName(path) is var file && (Is(file, name + ".dll") || Is(file, name + ".exe"));

    private static bool Is(string file, string name) => file.Equals(name, StringComparison.OrdinalIgnoreCase);

    private static string WithoutExtension(string name) => name.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) ? name.Substring(0, name.Length - 4) : name;

    // Assemblies of one name and several places, or of several versions one after the other, do not meet.
    private static string FolderFor(string original)
    {
        using var sha = SHA256.Create();
        return BitConverter.ToString(sha.ComputeHash(Encoding.UTF8.GetBytes(original)), 0, 6).Replace("-", "");
    }
}
