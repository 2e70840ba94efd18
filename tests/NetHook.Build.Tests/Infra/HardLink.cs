using System.ComponentModel;
using System.Runtime.InteropServices;

namespace NetHook.Build.Tests;

/// <summary>A second name for a file, which .NET cannot make by itself.</summary>
internal static class HardLink
{
    public static void Create(string path, string target)
    {
        bool made = OperatingSystem.IsWindows() ? CreateHardLinkW(path, target, 0) : Link(target, path) == 0;
        if (!made)
        {
            throw new Win32Exception();
        }
    }

    [DllImport("libc", EntryPoint = "link", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Link([MarshalAs(UnmanagedType.LPUTF8Str)] string target, [MarshalAs(UnmanagedType.LPUTF8Str)] string path);

    [DllImport("kernel32", SetLastError = true, CharSet = CharSet.Unicode)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern bool CreateHardLinkW(string path, string target, nint attributes);
}
