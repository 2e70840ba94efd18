using System.Diagnostics;

namespace NetHook.Tests;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Target => _folder["out.bin"];

    private string[] Names => [.. Directory.GetFileSystemEntries(_folder.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [Fact]
    public void A_writer_that_throws_leaves_the_old_file_alone()
    {
        Write("old");

        Assert.Throws<NotSupportedException>(() => AtomicFile.Write(Target, stream =>
        {
            stream.WriteByte(1);
            throw new NotSupportedException();
        }));

        Assert.Equal("old", File.ReadAllText(Target));
        Assert.Equal(["out.bin"], Names);
    }

    [Fact]
    public void What_a_killed_program_left_is_removed_by_the_next_save_of_the_same_file()
    {
        string[] abandoned = Abandon(Target), other = Abandon(_folder["other.bin"]);

        Write("new");

        Assert.Equal(["out.bin", .. other], Names.OrderBy(name => name != "out.bin").ThenBy(name => name, StringComparer.Ordinal));
        Assert.Empty(abandoned.Intersect(Names));
    }

    [Fact]
    public void An_abandoned_folder_is_removed_too()
    {
        string kept = "";
        AtomicFile.WriteFolder(_folder["model"], path =>
        {
            kept = Path.GetFileName(path);
            Directory.CreateDirectory(path);
        });
        string lockName = kept[..^".new".Length];
        File.WriteAllText(_folder[lockName], "");
        Directory.CreateDirectory(_folder[kept]);
        File.WriteAllText(Path.Combine(_folder[kept], "weights"), "half");
        Directory.Delete(_folder["model"]);

        AtomicFile.CheckFolder(_folder["model"]);

        Assert.Empty(Names);
    }

    [Fact]
    public void What_a_living_writer_holds_is_left_alone()
    {
        AtomicFile.Write(Target, outer =>
        {
            outer.WriteByte((byte)'a');
            Write("inner");
            Assert.Equal("inner", File.ReadAllText(Target));
            outer.WriteByte((byte)'b');
        });

        Assert.Equal("ab", File.ReadAllText(Target));
        Assert.Equal(["out.bin"], Names);
    }

    [Fact]
    public void A_new_file_is_written_only_if_there_is_none()
    {
        Assert.True(AtomicFile.TryWriteNew(Target, stream => stream.WriteByte((byte)'a')));
        Assert.False(AtomicFile.TryWriteNew(Target, stream => stream.WriteByte((byte)'b')));
        Assert.Equal("a", File.ReadAllText(Target));
        Assert.Equal(["out.bin"], Names);
    }

    [Theory]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.UserRead)]
    public void Permissions_are_kept(UnixFileMode mode)
    {
        if (OperatingSystem.IsWindows())
            return;
        Write("old");
        File.SetUnixFileMode(Target, mode);

        AtomicFile.Write(Target, stream =>
        {
            var draft = new FileInfo(Directory.GetFiles(_folder.Path, "*.new").Single());
            Assert.Equal((UnixFileMode)0, draft.UnixFileMode & ~mode & ~UnixFileMode.UserWrite);
            stream.WriteByte((byte)'n');
        });

        Assert.Equal(mode, File.GetUnixFileMode(Target));
        Assert.Equal("n", File.ReadAllText(Target));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_link_is_written_through(bool targetExists)
    {
        if (OperatingSystem.IsWindows())
            return;
        string real = Path.Combine(Directory.CreateDirectory(_folder["elsewhere"]).FullName, "real.bin");
        if (targetExists)
            File.WriteAllText(real, "old");
        File.CreateSymbolicLink(_folder["second"], real);
        File.CreateSymbolicLink(Target, "second");

        Write("new");

        Assert.Equal("new", File.ReadAllText(real));
        Assert.Equal("second", new FileInfo(Target).LinkTarget);
        Assert.Equal(["real.bin"], Directory.GetFileSystemEntries(_folder["elsewhere"]).Select(path => Path.GetFileName(path)));
    }

    [Fact]
    public void What_is_no_file_is_refused_before_the_work()
    {
        if (OperatingSystem.IsWindows())
            return;
        string pipe = Pipe();

        Refused(pipe, $"{pipe} cannot be written: it is a pipe, and files are replaced as a whole.");
        Refused("/dev/null", "/dev/null cannot be written: it is a device, and files are replaced as a whole.");
        Refused(_folder.Path, $"{_folder.Path} cannot be written: it is a folder, and files are replaced as a whole.");
        Refused(_folder["none/out.bin"], $"{_folder["none/out.bin"]} cannot be written: there is no folder {_folder["none"]}.");
        string long256 = _folder[new string('n', 256)];
        Refused(long256, $"{long256} cannot be written: its name is too long for the file system.");
        Assert.Equal(FileKind.Pipe, FileKinds.Of(pipe));
    }

    [Fact]
    public void A_name_as_long_as_the_file_system_allows_can_be_written()
    {
        string path = _folder[new string('n', 255)];

        AtomicFile.Check(path);
        AtomicFile.Write(path, stream => stream.WriteByte(1));

        Assert.Equal([path], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Errors_name_the_users_file_and_not_the_draft()
    {
        IOException e = Assert.Throws<IOException>(() => AtomicFile.Write(Target, _ =>
            throw new IOException($"No space left on device : '{Directory.GetFiles(_folder.Path, "*.new").Single()}'")));

        Assert.Equal($"{Target} cannot be written: No space left on device : '{Target}'.", e.Message);
    }

    [Fact]
    public void Pipes_and_folders_are_refused_as_input_and_do_not_wait()
    {
        if (OperatingSystem.IsWindows())
            return;
        string pipe = Pipe();

        Messages.Same($"{pipe}: It cannot be read: it is a pipe, and must be a regular file. Copy the content to one first.", () => SafetensorsFile.Open(pipe));
        Messages.Same($"{pipe}: It cannot be read: it is a pipe, and must be a regular file. Copy the content to one first.", () => RunningStatistic.Load<RunningMean>(pipe));
        Messages.Same($"{_folder.Path}: It cannot be read: it is a folder, and must be a regular file. Copy the content to one first.", () => SafetensorsFile.Open(_folder.Path));
        Messages.Same("/dev/zero: It cannot be read: it is a device, and must be a regular file. Copy the content to one first.", () => InputFile.ReadAll("/dev/zero", 10));
        Messages.Same($"{Target}: It is 3 bytes long, and such a file has at most 2.", () =>
        {
            Write("abc");
            return InputFile.ReadAll(Target, 2);
        });
    }

    public void Dispose() => _folder.Dispose();

    private void Write(string text) => AtomicFile.Write(Target, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));

    /// <summary>Leaves what a program leaves that is killed while it writes.</summary>
    private string[] Abandon(string target)
    {
        string[] before = Names;
        Dictionary<string, byte[]> left = [];
        AtomicFile.Write(target, stream =>
        {
            foreach (string name in Names.Except(before))
                left.Add(name, [1, 2, 3]);
        });
        File.Delete(target);
        foreach ((string name, byte[] content) in left)
            File.WriteAllBytes(_folder[name], content);
        return [.. left.Keys.Order(StringComparer.Ordinal)];
    }

    private string Pipe()
    {
        string path = _folder["pipe"];
        using var made = Process.Start("mkfifo", [path]);
        made.WaitForExit();
        return path;
    }

    private void Refused(string path, string message)
    {
        bool worked = false;
        Messages.Same(message, () => AtomicFile.Write(path, _ => worked = true));
        Messages.Same(message, () => AtomicFile.Check(path));
        Assert.False(worked);
        Assert.DoesNotContain(Names, name => name.StartsWith('.'));
    }
}
