using System.Diagnostics;

namespace NetHook.Tests;

/// <summary>What every reader promises of any file: it loads, or gives the documented exception, at little cost.</summary>
internal static class Fuzz
{
    private const long MostBytes = 64 << 20;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    /// <summary>Reads damaged copies of a file, each of which loads or is refused. At least one does each.</summary>
    public static void Run(string path, int files, Func<byte[], byte[]> damage, Action read)
    {
        byte[] sound = File.ReadAllBytes(path);
        int loaded = 0;
        for (int file = 0; file < files; file++)
        {
            byte[] damaged = damage(sound);
            File.WriteAllBytes(path, damaged);
            long before = GC.GetAllocatedBytesForCurrentThread();
            var time = Stopwatch.StartNew();
            try
            {
                read();
                loaded++;
            }
            catch (CheckpointException e)
            {
                Assert.True(e.Message.Length < 5000, $"File {file}: its message has {e.Message.Length} characters.");
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"File {file} of {damaged.Length} bytes ended in {e.GetType()}: {e.Message}\n{Convert.ToBase64String(damaged.AsSpan(0, Math.Min(damaged.Length, 4000)))}", e);
            }

            Assert.True(time.Elapsed < Longest, $"File {file} took {time.Elapsed}.");
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < MostBytes + damaged.Length, $"File {file} of {damaged.Length} bytes took {allocated} bytes of memory.");
        }

        File.WriteAllBytes(path, sound);
        Assert.InRange(loaded, 1, files - 1);
    }
}
