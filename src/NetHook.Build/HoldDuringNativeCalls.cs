using System.IO;
using Microsoft.Build.Framework;
using Mono.Cecil;
using NetHook.Rewriting;

namespace NetHook.Build;

/// <summary>Writes a copy of TorchSharp's assembly that holds scalars and tensors until native code is done with them.</summary>
public sealed class HoldDuringNativeCalls : RewriteTask
{
    /// <summary>TorchSharp's assembly; only read.</summary>
    [Required]
    public string Original { get; set; } = "";

    /// <summary>The copy to write. If the original is not what is expected, or holds them already, there is none afterwards.</summary>
    [Required]
    public string Copy { get; set; } = "";

    /// <summary>A file of this task's own, newer than the copy and the original.</summary>
    [Required]
    public string Record { get; set; } = "";

    private protected override string WhenUnchanged =>
        "A number or tensor that code makes in passing, as in x * 0.5, may be freed while native code reads it. "
        + "Use a TorchSharp version that NetHook supports, or set NetHookKeepAlive to false.";

    /// <inheritdoc/>
    public override bool Execute()
    {
        Rewrite(Original, Copy, Record);
        return !Log.HasLoggedErrors;
    }

    private protected override bool Change(ModuleDefinition module, string path)
    {
        var weaver = new KeepAliveWeaver();
        bool changed = weaver.Rewrite(module);
        Log.LogMessage(MessageImportance.Normal, "{0}: {1} methods hold their scalars and tensors now.", module.Name, weaver.Methods);
        return changed;
    }
}
