using System.Runtime.CompilerServices;

namespace NetHook.Tests;

/// <summary>
/// Another program in this one's file: started with <see cref="Variable"/> set to a path, it saves there until it is killed. It
/// says "half" in the middle of each save and "saved" after each; "hold N" before the path has it stay in the middle of save N.
/// </summary>
internal static class SaveLoop
{
    public const string Variable = "NETHOOK_TEST_SAVE_LOOP";
    public const int Chunks = 16, ChunkBytes = 4096;

    [ModuleInitializer]
    internal static void RunIfAsked()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { } asked)
            return;
        (int hold, string path) = (int.Parse(asked.Split(' ', 2)[0], System.Globalization.CultureInfo.InvariantCulture), asked.Split(' ', 2)[1]);
        using Stream output = Console.OpenStandardOutput();
        for (int save = 1; ; save++)
        {
            AtomicFile.Write(path, stream =>
            {
                byte[] chunk = [.. Enumerable.Repeat((byte)save, ChunkBytes)];
                for (int i = 0; i < Chunks; i++)
                {
                    stream.Write(chunk);
                    if (i == Chunks / 2)
                    {
                        stream.Flush();
                        output.Write("half\n"u8);
                        if (save == hold)
                            Thread.Sleep(Timeout.Infinite);
                    }
                }
            });
            output.Write("saved\n"u8);
        }
    }
}
