using System.Text.RegularExpressions;

namespace NetHook.Cli;

/// <summary>Makes all checks of <c>nethook doctor</c>: those of the machine here, the others in processes of their own.</summary>
internal static partial class Examination
{
    // oneDNN's names, the fastest first. Which of them are right differs from processor to processor.
    private static readonly string[] SlowerInstructions = ["AVX2", "AVX", "SSE41"];

    /// <summary>Runs a check in a process of its own, with a value for ONEDNN_MAX_CPU_ISA if not null.</summary>
    internal delegate ProbeRun RunProbe(string probe, string? instructions, CancellationToken cancellation);

    public static DoctorReport Of(Machine machine, RunProbe run, CancellationToken cancellation)
    {
        List<DoctorCheck> checks = [SystemCheck(machine), new("processor", true, $"{machine.Processor}: {string.Join(", ", machine.InstructionSets)}")];
        string verbose = "";
        DoctorCheck[] libraries = Made(Probes.LibTorch, null, out _);
        checks.AddRange(libraries);
        if (!libraries.All(check => check.Ok))
        {
            checks.Add(new("the rest", false, "not checked, as it needs libtorch", "Mend the lines above, and ask the doctor again."));
            return new(false, checks);
        }

        DoctorCheck[] hooks = Made(Probes.Hooks, null, out _);
        DoctorCheck[] convolutions = [.. Probes.Convolutions.SelectMany(probe => Made(probe, null, out verbose))];
        checks.Add(InstructionsCheck(machine, verbose));
        checks.AddRange(hooks);
        checks.AddRange(convolutions.All(check => check.Ok) ? convolutions : WithAdvice(convolutions));
        checks.AddRange(Made(Probes.Gpu, null, out _));
        return new(checks.All(check => check.Ok), checks);

        DoctorCheck[] Made(string probe, string? instructions, out string output)
        {
            ProbeRun ran = run(probe, instructions, cancellation);
            output = ran.Output;
            return ProbeOutput.Checks(ran.Output) ?? [Crashed(probe, ran)];
        }

        // Only what was seen to help here is advised.
        DoctorCheck[] WithAdvice(DoctorCheck[] convolutions)
        {
            string? right = SlowerInstructions.FirstOrDefault(instructions =>
                Probes.Convolutions.Reverse().All(probe => Made(probe, instructions, out _).All(check => check.Ok)));
            string advice = right is null
                ? $"No value of {Machine.OneDnnVariable} helps here. Report it, with these lines."
                : $"Set {Machine.OneDnnVariable}={right} in the environment before the program starts: with it, all of these are right here.";
            return [.. convolutions.Select(check => check.Ok ? check : check with { Advice = advice })];
        }
    }

    private static DoctorCheck SystemCheck(Machine machine)
    {
        if (!machine.Supported)
            return new("system", false, machine.System, "libtorch has packages for Linux and Windows on x64, and for macOS on Apple silicon: use one of these.");
        if (machine.CLibrary is null && machine.System.Contains("linux", StringComparison.OrdinalIgnoreCase))
            return new("system", false, $"{machine.System}, no glibc", "libtorch needs glibc: use a system with it, such as Debian in the place of Alpine.");
        return new("system", true, machine.CLibrary is { } version ? $"{machine.System}, glibc {version}" : machine.System);
    }

    // PyTorch's rule (aten/src/ATen/native/DispatchStub.cpp) for its own kernels; oneDNN says itself what it uses.
    private static DoctorCheck InstructionsCheck(Machine machine, string output)
    {
        string best = Has("AVX-512VL", "AVX-512BW", "AVX-512DQ", "FMA") ? "AVX-512" : Has("AVX2", "FMA") ? "AVX2" : "those of every processor";
        string kernels = machine.PyTorchLimit is { } limit ? $"{limit} ({Machine.PyTorchVariable})" : best;
        string oneDnn = OneDnnInstructions().Match(output) is { Success: true } match ? match.Groups["isa"].Value.TrimEnd() : "not used";
        string set = machine.OneDnnLimit is { } value ? $" ({Machine.OneDnnVariable}={value})" : "";
        return new("instructions", true, $"libtorch's own kernels: {kernels}; oneDNN's, for convolutions: {oneDnn}{set}");

        bool Has(params ReadOnlySpan<string> sets)
        {
            foreach (string each in sets)
            {
                if (!machine.InstructionSets.Contains(each))
                    return false;
            }

            return true;
        }
    }

    private static DoctorCheck Crashed(string probe, ProbeRun ran) => new(
        Probes.Title(probe),
        false,
        ProbeOutput.Stage(ran.Output) is { } stage ? $"{ran.Ending} in {stage}" : ran.Ending,
        "Report it, with these lines.");

    [GeneratedRegex(@"onednn_verbose.*info,cpu,isa:(?<isa>[^\n]*)")]
    private static partial Regex OneDnnInstructions();
}
