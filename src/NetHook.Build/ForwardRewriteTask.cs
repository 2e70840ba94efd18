using System.IO;
using Microsoft.Build.Framework;
using Mono.Cecil;
using NetHook.Rewriting;

namespace NetHook.Build;

/// <summary>A task that makes code which runs layers by <c>forward()</c> run them by <c>call()</c>, with their hooks.</summary>
public abstract class ForwardRewriteTask : RewriteTask
{
    private protected override string WhenUnchanged => "Layers that it runs by forward() are not seen.";

    private protected override bool Change(ModuleDefinition module, string path)
    {
        var weaver = new ForwardWeaver();
        bool changed = weaver.Rewrite(module);
        Log.LogMessage(
            MessageImportance.Normal,
            "{0}: {1} uses of forward() are call() now, {2} stay as they are.", Path.GetFileName(path), weaver.Rewritten, weaver.Kept.Count);
        foreach (ForwardSite site in weaver.Kept)
            Log.LogMessage(null, null, null, site.File ?? path, site.Line, 0, 0, 0, MessageImportance.Normal, site.ToString());
        return changed;
    }
}
