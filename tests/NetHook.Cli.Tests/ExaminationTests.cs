using System.Text.Json;
using Spectre.Console;
using Spectre.Console.Testing;

namespace NetHook.Cli.Tests;

/// <summary>What <c>nethook doctor</c> says of machines that are described here.</summary>
public sealed class ExaminationTests
{
    private const string Verbose = "onednn_verbose,v1,info,cpu,isa:Intel AVX-512 with Intel DL Boost and bfloat16 support\n";

    private static readonly Machine Machine = new(
        "Debian GNU/Linux 12 (bookworm), linux-x64, .NET 10.0.0",
        Supported: true,
        "2.36",
        "AMD EPYC (AuthenticAMD, family 26, model 2), 2 usable",
        ["SSE4.2", "AVX", "AVX2", "FMA", "AVX-512F", "AVX-512BW", "AVX-512DQ", "AVX-512VL"],
        PyTorchLimit: null,
        OneDnnLimit: null);

    [Fact]
    public void Healthy_machine() => Approved.Check("doctor", Text(Examine(Machine, Healthy)));

    [Fact]
    public void Convolutions_that_are_wrong_or_end_the_process_come_with_what_helps() =>
        Approved.Check("doctor-convolutions", Text(Examine(Machine, (probe, instructions) => instructions is "AVX" ? Healthy(probe, instructions) : Broken(probe))));

    [Fact]
    public void Convolutions_that_nothing_helps() =>
        Approved.Check("doctor-convolutions-helpless", Text(Examine(Machine with { OneDnnLimit = "AVX2" }, (probe, _) => Broken(probe))));

    [Fact]
    public void Libtorch_that_does_not_load_ends_the_examination() => Approved.Check("doctor-libtorch", Text(Examine(Machine, (probe, _) => Wrote(
        new("TorchSharp", true, "0.107.0"),
        LoadFailure.Check("This application or script uses TorchSharp but doesn't contain a reference to libtorch-cpu.\n\nTrace from LoadNativeBackend:\n"
            + "/lib/libstdc++.so.6: version `GLIBCXX_3.4.32' not found (required by /app/libLibTorchSharp.so)")))));

    [Fact]
    public void Libtorch_that_ends_the_process_is_a_finding() =>
        Assert.Equal(new DoctorCheck("libtorch", false, "the process met an instruction that the processor does not have (SIGILL)", "Report it, with these lines."), Examine(Machine, (_, _) => new(132, "")).Checks[2]);

    [Theory]
    [InlineData("AVX2", "avx2", "libtorch's own kernels: avx2 (ATEN_CPU_CAPABILITY); oneDNN's, for convolutions: Intel AVX-512 with Intel DL Boost and bfloat16 support (ONEDNN_MAX_CPU_ISA=AVX2)")]
    [InlineData(null, null, "libtorch's own kernels: AVX-512; oneDNN's, for convolutions: Intel AVX-512 with Intel DL Boost and bfloat16 support")]
    public void Instructions_name_the_variables_that_limit_them(string? oneDnn, string? pyTorch, string expected) =>
        Assert.Equal(expected, Examine(Machine with { OneDnnLimit = oneDnn, PyTorchLimit = pyTorch }, Healthy).Checks.Single(check => check.Check == "instructions").Found);

    [Theory]
    [InlineData(new[] { "AVX2", "FMA", "AVX-512F" }, "AVX2")]
    [InlineData(new[] { "AVX2" }, "those of every processor")]
    public void Libtorch_takes_the_best_set_of_which_it_has_all(string[] sets, string expected) => Assert.StartsWith(
        $"libtorch's own kernels: {expected};",
        Examine(Machine with { InstructionSets = sets }, Healthy).Checks.Single(check => check.Check == "instructions").Found,
        StringComparison.Ordinal);

    [Fact]
    public void System_without_a_package_of_libtorch_is_wrong()
    {
        Assert.Equal(
            new DoctorCheck("system", false, "Ubuntu, linux-arm64", "libtorch has packages for Linux and Windows on x64, and for macOS on Apple silicon: use one of these."),
            Examine(Machine with { System = "Ubuntu, linux-arm64", Supported = false }, Healthy).Checks[0]);
        Assert.Equal(
            new DoctorCheck("system", false, "Alpine, linux-musl-x64, no glibc", "libtorch needs glibc: use a system with it, such as Debian in the place of Alpine."),
            Examine(Machine with { System = "Alpine, linux-musl-x64", CLibrary = null }, Healthy).Checks[0]);
    }

    [Fact]
    public void Json_has_the_documented_names_and_nothing_else()
    {
        using var console = new TestConsole();
        ReportJson.Write(console, Examine(Machine, Healthy));
        JsonElement json = JsonDocument.Parse(console.Output).RootElement;

        Assert.Equal(["ok", "checks"], json.EnumerateObject().Select(property => property.Name));
        Assert.All(json.GetProperty("checks").EnumerateArray(), check => Assert.Equal(["check", "ok", "found", "advice"], check.EnumerateObject().Select(property => property.Name)));
    }

    private static DoctorReport Examine(Machine machine, Func<string, string?, ProbeRun> run) =>
        Examination.Of(machine, (probe, instructions, _) => run(probe, instructions), TestContext.Current.CancellationToken);

    private static ProbeRun Healthy(string probe, string? instructions) => probe switch
    {
        Probes.LibTorch => Wrote(new("TorchSharp", true, "0.107.0"), new("libtorch", true, "2.10.0, /app/libtorch_cpu.so")),
        Probes.Hooks => Wrote(new DoctorCheck("hooks", true, "a trace sees its layer, edits it, and leaves it as it was")),
        Probes.Gpu => Wrote(new DoctorCheck("GPU", true, "1 CUDA device")),
        _ => Wrote(Direction(probe, "forward"), Direction(probe, "backward")),
    };

    private static ProbeRun Broken(string probe) => probe switch
    {
        Probes.TwoThreads => Wrote(
            Direction(probe, "forward"),
            new($"{Probes.Title(probe)}, backward", false, "in 10 rounds, 2 with NaN or infinity, 3 unlike the first, 10 wrong: Conv2d")),
        Probes.Strided => new(136, $"{Verbose}nethook-doctor-stage the forward pass of Conv2d\nnethook-doctor-stage the backward pass of Conv2d\n"),
        _ => Healthy(probe, null),
    };

    private static DoctorCheck Direction(string probe, string direction) =>
        new($"{Probes.Title(probe)}, {direction}", true, "finite, repeatable and right in 10 of 10 rounds");

    private static ProbeRun Wrote(params DoctorCheck[] checks)
    {
        using var console = new TestConsole();
        ProbeOutput.Write(console, checks);
        return new(0, Verbose + console.Output);
    }

    private static string Text(DoctorReport report)
    {
        using var console = new TestConsole();
        DoctorView.Write(console, report);
        return console.Output;
    }
}
