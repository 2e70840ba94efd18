using NetHook.Rewriting;
using PublicApiGenerator;

namespace NetHook.Rewriting.Tests;

/// <summary>
/// The public API as one text that is read in reviews. When a change is meant, put the new text (written beside the
/// test's assembly as NetHook.Rewriting.received.txt) in the place of PublicApi/NetHook.Rewriting.approved.txt.
/// </summary>
public class PublicApiTests
{
    [Fact]
    public void Public_api_is_the_approved_one()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "PublicApi");
        string actual = typeof(ForwardRewriter).Assembly.GeneratePublicApi(new() { IncludeAssemblyAttributes = false }).ReplaceLineEndings("\n");
        File.WriteAllText(Path.Combine(AppContext.BaseDirectory, "NetHook.Rewriting.received.txt"), actual);
        Assert.Equal(File.ReadAllText(Path.Combine(folder, "NetHook.Rewriting.approved.txt")).ReplaceLineEndings("\n"), actual);
    }
}
