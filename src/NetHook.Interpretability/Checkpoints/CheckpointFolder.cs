using System.Text.Json;

namespace NetHook.Interpretability;

/// <summary>
/// The weights of a model in Hugging Face's layout: <c>model.safetensors</c>, or several files that
/// <c>model.safetensors.index.json</c> lists.
/// </summary>
internal sealed class CheckpointFolder : IDisposable
{
    public const string ConfigName = "config.json";
    public const string WeightsName = "model.safetensors";
    public const string IndexName = "model.safetensors.index.json";

    // The largest models have some 200,000 keys of 100 characters.
    private const int MostIndexBytes = 64 << 20;
    private const int LongestShown = 200;

    // File systems allow no more.
    private const int LongestName = 255;

    private readonly List<SafetensorsFile> _files = [];
    private readonly Dictionary<string, SafetensorsFile> _fileOf = [];

    private CheckpointFolder(string folder) => Folder = folder;

    public string Folder { get; }

    /// <summary>The file that says which keys there are.</summary>
    public string Listing { get; private set; } = "";

    public IReadOnlyCollection<string> Keys => _fileOf.Keys;

    public static CheckpointFolder Open(string folder)
    {
        var checkpoint = new CheckpointFolder(folder);
        try
        {
            checkpoint.OpenFiles();
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>The file with the key, or null.</summary>
    public SafetensorsFile? FileOf(string key) => _fileOf.GetValueOrDefault(key);

    public void Dispose() => _files.ForEach(file => file.Dispose());

    private void OpenFiles()
    {
        string single = Path.Combine(Folder, WeightsName), index = Path.Combine(Folder, IndexName);
        if (File.Exists(single) || !File.Exists(index))
        {
            Listing = single;
            if (!File.Exists(single))
            {
                string others = string.Join(", ", Directory.EnumerateFiles(Folder, "*model*").Select(Path.GetFileName).Order(StringComparer.Ordinal));
                throw new CheckpointException(single, null, $"The folder has neither this file nor {IndexName}{(others.Length > 0 ? $"; it has {others}" : "")}.{Advice()}");
            }

            SafetensorsFile file = OpenFile(single);
            foreach (string key in file.Entries.Keys)
                _fileOf.Add(key, file);
            return;
        }

        Listing = index;
        Dictionary<string, SafetensorsFile> opened = [];
        foreach ((string key, string name) in ReadIndex(index))
        {
            if (!opened.TryGetValue(name, out SafetensorsFile? file))
                opened.Add(name, file = OpenFile(Path.Combine(Folder, name)));
            if (!file.Entries.ContainsKey(key))
                throw new CheckpointException(file.FilePath, key, $"The file has no such key, though {IndexName} says that it has.");
            _fileOf.Add(key, file);
        }
    }

    private string Advice() => File.Exists(Path.Combine(Folder, PickledCheckpoint.WeightsName)) || File.Exists(Path.Combine(Folder, PickledCheckpoint.IndexName))
        ? " Pickles are not loaded: write them as safetensors with 'nethook convert', or PickledCheckpoint.Convert." : "";

    private SafetensorsFile OpenFile(string path)
    {
        var file = SafetensorsFile.Open(path);
        _files.Add(file);
        return file;
    }

    /// <summary>The keys of an index and the files in the same folder that they are in.</summary>
    public static List<(string Key, string Name)> ReadIndex(string path)
    {
        JsonPart root = ParseIndex(path, InputFile.ReadAll(path, MostIndexBytes));
        if (!root.IsObject || !root["weight_map"].IsObject)
            throw new CheckpointException(path, "weight_map", "It is missing, or is not a JSON object from keys to file names.");
        return [.. root["weight_map"].Members().Select(pair => (pair.Name, CheckName(path, pair.Name, pair.Value)))];
    }

    private static JsonPart ParseIndex(string path, byte[] json)
    {
        try
        {
            return JsonPart.Parse(path, "", json);
        }
        catch (CheckpointException e) when (e.InnerException is { } cause)
        {
            throw new CheckpointException(path, null, $"It is not valid JSON: {cause.Message}", cause);
        }
    }

    private static string CheckName(string path, string key, JsonElement value)
    {
        string? name = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        if (string.IsNullOrEmpty(name) || name.Length > LongestName || name is "." or ".." || name.AsSpan().IndexOfAny("/\\:\0") >= 0)
            throw new CheckpointException(path, key, $"It is said to be in {MessageText.Short(value.GetRawText(), LongestShown)}, which is not the name of a file in this folder.");
        return name;
    }
}
