using System.Runtime.CompilerServices;

namespace NetHook.Cli.Tests;

/// <summary>Texts a user sees, approved letter by letter. With NETHOOK_APPROVE=1 the tests write them instead, to be read in the diff.</summary>
internal static class Approved
{
    public static void Check(string name, string text, [CallerFilePath] string caller = "")
    {
        if (Environment.GetEnvironmentVariable("NETHOOK_APPROVE") == "1")
            File.WriteAllText(Path.Combine(Path.GetDirectoryName(caller)!, "Expectations", name + ".txt"), text);
        else
            Assert.Equal(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Expectations", name + ".txt")).ReplaceLineEndings("\n"), text);
    }
}
