using System.Text.Json;

namespace NetHook.Cli.Tests;

/// <summary>The doctor on the machine that runs the tests, which keep off broken convolutions, as it would advise there.</summary>
public sealed class DoctorProcessTests
{
    [Fact]
    public async Task Everything_is_ok_here()
    {
        (int code, string output, string error) = await ProcessRun.Of("doctor", "--json");

        JsonElement[] checks = [.. JsonDocument.Parse(output).RootElement.GetProperty("checks").EnumerateArray()];
        Assert.Equal(("", Tool.Success, ""), (string.Join('\n', checks.Where(check => !check.GetProperty("ok").GetBoolean())), code, error));
        Assert.Equal(
            [
                "system", "processor", "TorchSharp", "libtorch", "instructions", "hooks", "convolutions, 1 thread, forward", "convolutions, 1 thread, backward",
                "convolutions, 2 threads, forward", "convolutions, 2 threads, backward", "convolutions, stride 2, forward", "convolutions, stride 2, backward", "GPU",
            ],
            checks.Select(check => check.GetProperty("check").GetString()));
        Assert.StartsWith("2.10.0, ", checks[3].GetProperty("found").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tool_without_libtorch_says_so()
    {
        using var folder = new TemporaryFolder();
        foreach (string file in Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll"))
            File.Copy(file, folder[Path.GetFileName(file)]);
        string settings = Path.Combine(AppContext.BaseDirectory, "NetHook.Cli.runtimeconfig.json");
        File.Copy(settings, folder[Path.GetFileName(settings)]);

        // TorchSharp would look for libtorch in the package cache.
        (int code, string output, string _) = await ProcessRun.Of(folder["NetHook.Cli.dll"], new Dictionary<string, string> { ["NUGET_PACKAGES"] = folder["none"] }, "doctor", "--json");

        JsonElement[] checks = [.. JsonDocument.Parse(output).RootElement.GetProperty("checks").EnumerateArray()];
        Assert.Equal(["system", "processor", "TorchSharp", "libtorch", "the rest"], checks.Select(check => check.GetProperty("check").GetString()));
        Assert.Equal(Tool.Failure, code);
        Assert.StartsWith("does not load: This application or script uses TorchSharp but doesn't contain a reference to libtorch", checks[3].GetProperty("found").GetString(), StringComparison.Ordinal);
        Assert.StartsWith("A part of libtorch is missing.", checks[3].GetProperty("advice").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Library_of_another_version_or_a_check_that_is_none_is_named()
    {
        Assert.Equal(
            new DoctorCheck("libtorch", false, "2.7.1, /app/libtorch_cpu.so", "TorchSharp 0.107.0 is made for libtorch 2.10.0: reference that version of libtorch's package, and of no other."),
            LibTorchProbe.Compared(("2.7.1", "/app/libtorch_cpu.so"), "2.10.0", "0.107.0"));
        Assert.Equal(new(Tool.Failure, "", "nethook: 'nothing' is no check.\n"), await ProcessRun.Of("doctor", "--probe", "nothing"));
    }
}
