using static TorchSharp.torch;

namespace NetHook;

/// <summary>The types of elements that the safetensors format has, of which TorchSharp has some.</summary>
internal static class SafetensorsDtypes
{
    private static readonly Dictionary<string, ScalarType> Readable = new()
    {
        ["BOOL"] = ScalarType.Bool,
        ["U8"] = ScalarType.Byte,
        ["I8"] = ScalarType.Int8,
        ["I16"] = ScalarType.Int16,
        ["I32"] = ScalarType.Int32,
        ["I64"] = ScalarType.Int64,
        ["F16"] = ScalarType.Float16,
        ["BF16"] = ScalarType.BFloat16,
        ["F32"] = ScalarType.Float32,
        ["F64"] = ScalarType.Float64,
        ["C64"] = ScalarType.ComplexFloat32,
    };

    private static readonly Dictionary<string, int> BitsOfOthers = new()
    {
        ["F4"] = 4,
        ["F6_E2M3"] = 6,
        ["F6_E3M2"] = 6,
        ["F8_E4M3"] = 8,
        ["F8_E5M2"] = 8,
        ["F8_E8M0"] = 8,
        ["F8_E4M3FNUZ"] = 8,
        ["F8_E5M2FNUZ"] = 8,
        ["U16"] = 16,
        ["U32"] = 32,
        ["U64"] = 64,
    };

    public static IEnumerable<string> Names => [.. Readable.Keys, .. BitsOfOthers.Keys];

    public static string? NameOf(ScalarType dtype) => Readable.FirstOrDefault(pair => pair.Value == dtype).Key;

    /// <summary>TorchSharp's type, or null if it lacks it.</summary>
    public static ScalarType? Find(string name) => Readable.TryGetValue(name, out ScalarType dtype) ? dtype : null;

    /// <summary>How many bits an element takes, or null if the format has no such type.</summary>
    public static int? BitsOf(string name) =>
        Find(name) is { } dtype ? 8 * SizeOf(dtype) : BitsOfOthers.TryGetValue(name, out int bits) ? bits : null;

    public static int SizeOf(ScalarType dtype) => dtype switch
    {
        ScalarType.Bool or ScalarType.Byte or ScalarType.Int8 => 1,
        ScalarType.Int16 or ScalarType.Float16 or ScalarType.BFloat16 => 2,
        ScalarType.Int32 or ScalarType.Float32 => 4,
        ScalarType.Int64 or ScalarType.Float64 or ScalarType.ComplexFloat32 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(dtype), dtype, "This type is not one of safetensors'."),
    };
}
