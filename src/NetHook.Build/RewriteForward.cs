using System.IO;
using Microsoft.Build.Framework;

namespace NetHook.Build;

/// <summary>Rewrites the assembly that the compiler has just written, in its place.</summary>
public sealed class RewriteForward : ForwardRewriteTask
{
    /// <summary>The assembly in the project's obj folder.</summary>
    [Required]
    public string Assembly { get; set; } = "";

    /// <summary>A file of this task's own, by which it knows an assembly that it has rewritten.</summary>
    [Required]
    public string Record { get; set; } = "";

    /// <summary>The key with which the assembly is signed; empty if it is not.</summary>
    public string KeyFile { get; set; } = "";

    /// <inheritdoc/>
    public override bool Execute()
    {
        byte[]? key = KeyFile.Length == 0 ? null : File.ReadAllBytes(KeyFile);
        Rewrite(Assembly, Assembly, Record, key);
        return !Log.HasLoggedErrors;
    }
}
