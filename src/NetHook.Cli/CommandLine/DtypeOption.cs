using System.CommandLine;
using static TorchSharp.torch;

namespace NetHook.Cli;

/// <summary><c>--dtype</c>: the type of the numbers that a model computes with.</summary>
internal sealed class DtypeOption : Option<string>
{
    private static readonly Dictionary<string, ScalarType> Types = new()
    {
        ["f32"] = ScalarType.Float32,
        ["bf16"] = ScalarType.BFloat16,
        ["f16"] = ScalarType.Float16,
    };

    public DtypeOption()
        : base("--dtype")
    {
        HelpName = string.Join('|', Types.Keys);
        Description = "The type of the weights, whatever the file's: 16 bits take half the memory. Default: f32.";
        this.AcceptOnlyFromAmong([.. Types.Keys]);
    }

    public ScalarType Of(ParseResult arguments) => arguments.GetValue(this) is { } name ? Types[name] : ScalarType.Float32;
}
