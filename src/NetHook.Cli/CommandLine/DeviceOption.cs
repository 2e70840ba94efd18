using System.CommandLine;
using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Cli;

/// <summary><c>--device</c>: where a model computes.</summary>
internal sealed class DeviceOption : Option<string>
{
    private const string Cpu = "cpu", Cuda = "cuda";

    public DeviceOption()
        : base("--device")
    {
        HelpName = "cpu|cuda[:n]";
        Description = "Where to compute: cuda is the first GPU of NVIDIA, cuda:1 the second. Default: cpu.";
    }

    /// <exception cref="ToolException">There is no such device here.</exception>
    public Device Of(ParseResult arguments) =>
        arguments.GetValue(this) is { } name ? Parse(name, () => cuda.is_available() ? cuda.device_count() : 0) : CPU;

    /// <summary>Reads the name of a device; how many GPUs there are is asked only for one of them.</summary>
    internal static Device Parse(string name, Func<int> gpus)
    {
        if (name == Cpu)
            return CPU;
        int index = 0;
        if (name != Cuda && !(name.Split(':') is [Cuda, var n] && int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out index)))
            throw new ToolException($"--device {name} is none of cpu, cuda and cuda:n, n a number from 0.");
        return gpus() switch
        {
            0 => throw new ToolException($"--device {name}: there is no GPU here that this libtorch can use. Leave --device out to compute on the CPU; 'nethook doctor' says what is here."),
            var count when index < count => new Device(DeviceType.CUDA, index),
            1 => throw new ToolException($"--device {name}: there is one GPU, cuda:0."),
            var count => throw new ToolException($"--device {name}: there are {count} GPUs, cuda:0 to cuda:{count - 1}."),
        };
    }
}
