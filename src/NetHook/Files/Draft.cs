using System.Security.Cryptography;
using System.Text;

namespace NetHook;

/// <summary>
/// The place for a new file or folder beside the one that it is to replace, held by a locked file as long as its writer
/// lives. Drafts of the same target that nobody holds are of programs that were killed: the next draft removes them.
/// </summary>
internal sealed class Draft : IDisposable
{
    /// <summary>How every draft's name begins.</summary>
    public const string Start = ".nethook-";

    private const string End = ".tmp", ContentEnd = ".new";
    private const int MostTries = 8;

    private readonly FileStream _lock;

    private Draft(FileStream held) => _lock = held;

    /// <summary>Where the new file or folder is to be made.</summary>
    public string ContentPath => _lock.Name + ContentEnd;

    /// <summary>Makes room for a draft, and removes those that killed programs left of the same target.</summary>
    /// <param name="target">The full path of what it is to replace.</param>
    public static Draft Of(string target)
    {
        string folder = Path.GetDirectoryName(target)!, prefix = PrefixOf(target);
        RemoveAbandoned(folder, prefix);

        // There is a second try only if another program cleans up between the making of the file and its lock.
        for (int tries = 1; ; tries++)
        {
            string path = Path.Combine(folder, $"{prefix}{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}{End}");
            try
            {
                FileStream held = Hold(path, FileMode.CreateNew, FileAccess.Write);
                if (File.Exists(path) || tries == MostTries)
                    return new(held);
                held.Dispose();
            }
            catch (IOException) when (tries < MostTries && File.Exists(path))
            {
                // It was made, and the other program has the lock.
            }
        }
    }

    /// <summary>Removes what is left of the draft: nothing but the lock if the content was moved to its place.</summary>
    public void Dispose()
    {
        RemoveContent(ContentPath);
        _lock.Dispose();
    }

    private static string PrefixOf(string target)
    {
        // The target's name itself could make the draft's name too long.
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFileName(target)));
        return $"{Start}{Convert.ToHexStringLower(hash.AsSpan(0, 8))}-";
    }

    private static void RemoveAbandoned(string folder, string prefix)
    {
        foreach (string path in Directory.EnumerateFiles(folder, $"{prefix}*{End}"))
        {
            try
            {
                using FileStream held = Hold(path, FileMode.Open, FileAccess.Read);
                RemoveContent(path + ContentEnd);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A living program holds it, or has removed it by now.
            }
        }
    }

    private static FileStream Hold(string path, FileMode mode, FileAccess access) => new(path, mode, access, FileShare.None, 1, FileOptions.DeleteOnClose);

    private static void RemoveContent(string path)
    {
        try
        {
            if (Directory.Exists(path))
                Directory.Delete(path, recursive: true);
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The error that the user is to see is the one before this.
        }
    }
}
