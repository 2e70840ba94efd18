using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

// Reading and writing checkpoints.
public sealed partial class Gpt2
{
    /// <summary>
    /// Reads a GPT-2 in Hugging Face's layout, such as the official folders as downloaded: <c>config.json</c>, and
    /// <c>model.safetensors</c> or the files that <c>model.safetensors.index.json</c> lists.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="dtype">The type of the model's weights, whatever the file's (F64, F32, F16 or BF16).</param>
    /// <param name="device">Where the weights are to be.</param>
    /// <returns>The model, in evaluation mode.</returns>
    /// <remarks>
    /// Settings that <see cref="Gpt2Config"/> does not know are kept and not heeded; <see cref="DecoderModel.FromPretrained"/> refuses
    /// them. The weights are read from the mapped file straight into the model's parameters: there is no second copy of them.
    /// Nothing is allocated for them before settings and files are seen to agree.
    /// </remarks>
    /// <exception cref="CheckpointException">A file is missing or damaged, or settings and weights do not agree; the message
    /// names the file and the key.</exception>
    public static new Gpt2 FromPretrained(string folder, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!Directory.Exists(folder))
            throw new CheckpointException(folder, null, "There is no such folder.");
        var config = Gpt2Config.Load(Path.Combine(folder, CheckpointFolder.ConfigName));
        using var checkpoint = CheckpointFolder.Open(folder);
        return Load(make => new Gpt2(config, make), checkpoint, ("n_layer", config.NLayer), dtype, device ?? CPU);
    }

    internal static Func<WeightFactory, DecoderModel> Read(ModelSettings settings)
    {
        var config = Gpt2Config.Load(settings.File);
        settings.LayerCount("n_layer", config.NLayer);
        settings.Accept(key => config.Others?.ContainsKey(key) != true);
        return make => new Gpt2(config, make);
    }

    private protected override void SaveSettings(string path)
    {
        if (WasRead)
            base.SaveSettings(path);
        else
            Config.Holding(Dtype).Save(path);
    }
}
