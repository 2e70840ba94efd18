using System.Security.Cryptography;
using System.Text;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>Says which model statistics are of: the same for two models that give the same, on any machine.</summary>
internal static class ModelFingerprint
{
    private const int Digits = 16;
    private const long PieceElements = 1 << 24;

    /// <summary>A hash of the weights, bit by bit, and of the settings that outputs depend on.</summary>
    public static string Of(nn.Module model)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable _ = no_grad();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(model is DecoderModel decoder ? decoder.SettingsText : model.GetType().FullName ?? ""));
        foreach ((string name, Parameter parameter) in model.named_parameters().OrderBy(pair => pair.name, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"\n{name} {parameter.dtype} [{string.Join(", ", parameter.shape)}]\n"));
            Append(hash, parameter);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..Digits];
    }

    private static void Append(IncrementalHash hash, Tensor tensor)
    {
        Tensor flat = tensor.detach().cpu().contiguous().view(-1);
        for (long start = 0; start < flat.numel(); start += PieceElements)
        {
            using Tensor piece = flat.narrow(0, start, Math.Min(PieceElements, flat.numel() - start));
            hash.AppendData(piece.bytes);
        }
    }
}
