using System.Diagnostics;
using System.Globalization;

namespace NetHook.Tests;

/// <summary>A program that saves in a loop is killed a hundred times: in the middle of a save, or at a moment drawn with a seed.</summary>
public sealed class KillTests : IDisposable
{
    private const int Kills = 100;

    private readonly TemporaryFolder _folder = new();

    private string Target => _folder["out.bin"];

    [Fact]
    public void Killed_programs_leave_a_whole_file_and_nothing_that_the_next_does_not_remove()
    {
        var random = new Random(20263);
        int abandoned = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            // Every second one is held in the middle of a save; the others are killed wherever they are after so many lines.
            bool holds = kill % 2 == 0;
            int hold = holds ? random.Next(1, 4) : 0;
            string last = Kill(hold, lines: holds ? (2 * hold) - 1 : random.Next(1, 12), random.Next(2000));

            string[] left = [.. Directory.GetFileSystemEntries(_folder.Path).Where(path => path != Target)];
            abandoned += left.Length;
            Assert.InRange(left.Length, holds ? 2 : 0, 2);
            if (holds && hold > 1)
                Assert.Equal((byte)(hold - 1), Whole());
            else if (File.Exists(Target))
                Whole();
            Assert.Equal(holds ? "half" : last, last);
        }

        Assert.InRange(abandoned, Kills, 2 * Kills);
        AtomicFile.Write(Target, stream => stream.WriteByte(1));
        Assert.Equal([Target], Directory.GetFileSystemEntries(_folder.Path));
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Starts the program, waits until it has said so many lines and a little more, kills it, and gives its last line.</summary>
    private string Kill(int hold, int lines, int spins)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        start.Environment[SaveLoop.Variable] = string.Create(CultureInfo.InvariantCulture, $"{hold} {Target}");
        using Process program = Process.Start(start)!;
        string line = "";
        for (int read = 0; read < lines; read++)
            line = program.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The program that saves ended by itself.");
        Thread.SpinWait(spins);
        program.Kill();
        program.WaitForExit();
        return line;
    }

    /// <summary>The file is of one save from end to end: which, by its bytes.</summary>
    private byte Whole()
    {
        byte[] content = File.ReadAllBytes(Target);
        Assert.Equal(SaveLoop.Chunks * SaveLoop.ChunkBytes, content.Length);
        Assert.Equal(-1, content.AsSpan().IndexOfAnyExcept(content[0]));
        return content[0];
    }
}
