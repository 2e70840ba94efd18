using PublicApiGenerator;

namespace NetHook.Interpretability.Tests;

/// <summary>
/// The public API as one text that is read in reviews. When a change is meant, put the new text (written beside the
/// test's assembly as NetHook.Interpretability.received.txt) in the place of PublicApi/NetHook.Interpretability.approved.txt.
/// </summary>
public class PublicApiTests
{
    [Fact]
    public void Public_api_is_the_approved_one()
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "PublicApi");
        string actual = typeof(Gpt2).Assembly.GeneratePublicApi(new() { IncludeAssemblyAttributes = false }).ReplaceLineEndings("\n");
        File.WriteAllText(Path.Combine(AppContext.BaseDirectory, "NetHook.Interpretability.received.txt"), actual);
        Assert.Equal(File.ReadAllText(Path.Combine(folder, "NetHook.Interpretability.approved.txt")).ReplaceLineEndings("\n"), actual);
    }
}
