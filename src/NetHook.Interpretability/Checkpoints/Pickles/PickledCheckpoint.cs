using System.Text.Json;
using System.Text.Json.Nodes;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// Checkpoints whose weights are pickles (<c>pytorch_model.bin</c>), as torch.save wrote them before there was safetensors. They are
/// not loaded, but rewritten once as safetensors.
/// </summary>
public static class PickledCheckpoint
{
    internal const string WeightsName = "pytorch_model.bin";
    internal const string IndexName = "pytorch_model.bin.index.json";

    // The files of a model's folder besides weights.
    private static readonly string[] Companions =
    [
        CheckpointFolder.ConfigName, "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
        "vocab.json", "merges.txt", "tokenizer.model",
    ];

    /// <summary>
    /// Writes a folder with the same weights as safetensors: <c>model.safetensors</c>, or as many files as there are and an index.
    /// Settings and the tokenizer's files are copied. Names, shapes and types of the tensors stay.
    /// </summary>
    /// <param name="folder">The folder with <c>pytorch_model.bin</c>, or with several files and <c>pytorch_model.bin.index.json</c>.</param>
    /// <param name="output">The folder to write to; it is created, and appears once it is complete. There must be none, or an empty one.</param>
    /// <returns>How many tensors were written.</returns>
    /// <remarks>
    /// A pickle is a program. Here it can do nothing but name tensors: anything else that it asks for is refused by name, and never run.
    /// One file of weights is in memory at a time.
    /// </remarks>
    /// <exception cref="CheckpointException">A file is missing or damaged, or holds something else than tensors by name.</exception>
    /// <exception cref="IOException">The output cannot be written, or holds files.</exception>
    public static int Convert(string folder, string output)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentException.ThrowIfNullOrEmpty(output);
        string single = Path.Combine(folder, WeightsName), index = Path.Combine(folder, IndexName);
        bool isSharded = !File.Exists(single) && File.Exists(index);
        if (!isSharded && !File.Exists(single))
            throw new CheckpointException(single, null, $"The folder has neither this file nor {IndexName}.");
        int count = 0;
        AtomicFile.WriteFolder(output, target =>
        {
            Directory.CreateDirectory(target);
            count = isSharded ? ConvertShards(folder, index, target) : ConvertFile(single, Path.Combine(target, CheckpointFolder.WeightsName)).Count;
            foreach (string name in Companions.Where(name => File.Exists(Path.Combine(folder, name))))
                File.Copy(Path.Combine(folder, name), Path.Combine(target, name));
        });
        return count;
    }

    private static int ConvertShards(string folder, string index, string target)
    {
        Dictionary<string, string> newNames = [];
        JsonObject map = [];
        foreach (IGrouping<string, (string Key, string Name)> shard in CheckpointFolder.ReadIndex(index).GroupBy(pair => pair.Name))
        {
            string name = $"model-{newNames.Count + 1:D5}.safetensors";
            newNames.Add(shard.Key, name);
            HashSet<string> keys = ConvertFile(Path.Combine(folder, shard.Key), Path.Combine(target, name));
            foreach ((string key, _) in shard)
                map[key] = keys.Contains(key) ? name : throw new CheckpointException(Path.Combine(folder, shard.Key), key, $"The file has no such key, though {IndexName} says that it has.");
        }

        File.WriteAllText(Path.Combine(target, CheckpointFolder.IndexName), new JsonObject { ["metadata"] = new JsonObject(), ["weight_map"] = map }.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
        return map.Count;
    }

    private static HashSet<string> ConvertFile(string file, string target)
    {
        if (!File.Exists(file))
            throw new CheckpointException(file, null, $"There is no such file, though {IndexName} names it.");
        using DisposeScope _ = NewDisposeScope();
        Dictionary<string, Tensor> tensors = PickledFile.Load(file);
        SafetensorsFile.Save(target, tensors, new Dictionary<string, string> { ["format"] = "pt" });
        return [.. tensors.Keys];
    }
}
