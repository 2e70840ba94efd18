using System.Runtime.InteropServices;

namespace NetHook;

/// <summary>Finds out what a path leads to without opening it: to open a pipe may wait for ever, and .NET does not tell it from a file.</summary>
internal static unsafe class FileKinds
{
    private const int TypeMask = 0xF000, Pipe = 0x1000, CharacterDevice = 0x2000, BlockDevice = 0x6000, Socket = 0xC000;

    // Of struct statx on Linux, and of struct stat on macOS with an arm64 processor. Each is a fixed part of the system's interface.
    private const int LinuxModeOffset = 28, AppleModeOffset = 4, Room = 1024;
    private const int CurrentFolder = -100;
    private const uint AskForTypeAndMode = 3;

    /// <summary>What is there. Nothing, if the system does not say.</summary>
    /// <exception cref="PathTooLongException">The path, or a name in it, is longer than the file system allows.</exception>
    public static FileKind Of(string path)
    {
        FileAttributes attributes;
        try
        {
            attributes = File.GetAttributes(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            return FileKind.None;
        }

        if (attributes.HasFlag(FileAttributes.Directory))
            return FileKind.Folder;
        return (UnixMode(path) & TypeMask) switch
        {
            Pipe => FileKind.Pipe,
            Socket => FileKind.Socket,
            CharacterDevice or BlockDevice => FileKind.Device,
            _ => File.Exists(path) ? FileKind.File : FileKind.None,
        };
    }

    /// <summary>What is there for who wants to replace it: what the system keeps among its devices is one, wherever it leads to.</summary>
    /// <exception cref="PathTooLongException">The path, or a name in it, is longer than the file system allows.</exception>
    public static FileKind OfOutput(string path) =>
        Path.GetDirectoryName(Path.GetFullPath(path)) is "/dev" or "/dev/fd" or "/proc/self/fd" && !OperatingSystem.IsWindows() && !Directory.Exists(path)
            ? FileKind.Device
            : Of(path);

    /// <summary>"a pipe", for messages.</summary>
    public static string Name(FileKind kind) => kind switch
    {
        FileKind.Folder => "a folder",
        FileKind.Pipe => "a pipe",
        FileKind.Socket => "a socket",
        FileKind.Device => "a device",
        FileKind.None => "missing",
        _ => "a file",
    };

    /// <summary>The type and permissions as the system has them; 0 if it has none, or does not say.</summary>
    private static int UnixMode(string path)
    {
        byte* result = stackalloc byte[Room];
        nint name = Marshal.StringToCoTaskMemUTF8(path);
        try
        {
            if (OperatingSystem.IsLinux())
                return StatLinux(CurrentFolder, name, 0, AskForTypeAndMode, result) == 0 ? *(ushort*)(result + LinuxModeOffset) : 0;
            if (OperatingSystem.IsMacOS() && RuntimeInformation.ProcessArchitecture == Architecture.Arm64)
                return StatApple(name, result) == 0 ? *(ushort*)(result + AppleModeOffset) : 0;
            return 0;
        }
        catch (EntryPointNotFoundException)
        {
            // A C library from before 2018.
            return 0;
        }
        finally
        {
            Marshal.FreeCoTaskMem(name);
        }
    }

    [DllImport("libc", EntryPoint = "statx")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int StatLinux(int folder, nint path, int flags, uint mask, byte* result);

    [DllImport("libc", EntryPoint = "stat")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int StatApple(nint path, byte* result);
}
