using System.Text;
using static TorchSharp.torch;

namespace NetHook;

/// <summary>Checks what is to be saved as safetensors, so that no file is written that cannot be read.</summary>
internal static class SafetensorsContent
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="ArgumentException">Something cannot be saved; the message names it.</exception>
    public static void Check(IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        long bytes = 0;
        HashSet<string> keys = new(StringComparer.Ordinal);
        foreach ((string key, Tensor tensor) in tensors)
        {
            bytes += Bytes(key, "The key");
            if (!keys.Add(key))
                throw new ArgumentException($"The key '{key}' is given twice.");
            CheckTensor(key, tensor);
        }

        keys.Clear();
        foreach ((string name, string value) in metadata ?? new Dictionary<string, string>())
        {
            bytes += Bytes(name, "The name of the note") + Bytes(value ?? throw new ArgumentException($"The note '{name}' is null: leave it out."), $"The note '{name}',");
            if (!keys.Add(name))
                throw new ArgumentException($"The note '{name}' is given twice.");
        }

        CheckHeaderLength(bytes);
    }

    /// <exception cref="ArgumentException">The header is longer than the format allows.</exception>
    public static void CheckHeaderLength(long bytes)
    {
        if (bytes > SafetensorsHeader.Longest)
            throw new ArgumentException($"The names, shapes and notes take {bytes} bytes or more, and safetensors allows {SafetensorsHeader.Longest}: shorten the notes, or save to several files.");
    }

    private static void CheckTensor(string key, Tensor? tensor)
    {
        if (key == "__metadata__")
            throw new ArgumentException("The key '__metadata__' is the format's own: choose another.");
        string? kind = tensor is null ? "null"
            : tensor.IsInvalid ? "disposed"
            : tensor.is_meta ? "on the meta device, without data"
            : tensor.is_sparse ? "sparse"
            : SafetensorsDtypes.NameOf(tensor.dtype) is null ? $"of type {tensor.dtype}"
            : tensor.dim() > SafetensorsHeader.MostDimensions ? $"of {tensor.dim()} dimensions, and {SafetensorsHeader.MostDimensions} is the most"
            : null;
        if (kind is not null)
            throw new ArgumentException($"The tensor '{key}' cannot be saved as safetensors: it is {kind}.");
    }

    /// <summary>How many bytes a text takes at least. JSON has only Unicode.</summary>
    private static int Bytes(string text, string what)
    {
        try
        {
            return Strict.GetByteCount(text);
        }
        catch (EncoderFallbackException e)
        {
            throw new ArgumentException($"{what} '{MessageText.Short(text, 200)}' is not Unicode: it has half of a surrogate pair at {e.Index}. JSON cannot hold it.", e);
        }
    }
}
