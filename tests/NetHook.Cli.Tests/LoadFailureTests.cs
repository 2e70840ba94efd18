namespace NetHook.Cli.Tests;

public sealed class LoadFailureTests
{
    private const string TorchSharp = "This application or script uses TorchSharp but doesn't contain a reference to libtorch-cpu-linux-x64, Version=2.10.0.0.\n\nConsider this.\n";

    [Theory]
    [InlineData("/lib/libstdc++.so.6: version `GLIBCXX_3.4.32' not found (required by /app/libLibTorchSharp.so)", "The system's libstdc++ is older than TorchSharp's library asks for.")]
    [InlineData("/lib/libstdc++.so.6: version `CXXABI_1.3.15' not found (required by /app/libtorch_cpu.so)", "The system's libstdc++ is older than TorchSharp's library asks for.")]
    [InlineData("/lib/libc.so.6: version `GLIBC_2.38' not found (required by /app/libtorch_cpu.so)", "The system's glibc is older than libtorch asks for:")]
    [InlineData("libc10.so: cannot open shared object file: No such file or directory", "A part of libtorch is missing.")]
    public void What_the_loader_says_is_the_cause(string line, string advice)
    {
        DoctorCheck check = LoadFailure.Check($"{TorchSharp}/usr/share/dotnet/torch_cpu.so: cannot open shared object file: No such file or directory\n{line}\n");

        Assert.Equal(("libtorch", false, $"does not load: {line}"), (check.Check, check.Ok, check.Found));
        Assert.StartsWith(advice, check.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_package_is_named()
    {
        DoctorCheck check = LoadFailure.Check($"{TorchSharp}/app/libtorch_cpu.so: cannot open shared object file: No such file or directory\n");

        Assert.Equal("does not load: This application or script uses TorchSharp but doesn't contain a reference to libtorch-cpu-linux-x64, Version=2.10.0.0.", check.Found);
        Assert.Matches(@"^A part of libtorch is missing\. .*`dotnet add package libtorch-cpu-(linux-x64|win-x64|osx-arm64)`", check.Advice);
    }

    [Fact]
    public void Anything_else_is_for_a_report()
    {
        Assert.Equal(new DoctorCheck("libtorch", false, "does not load: Bad image.", "Install the tool again. If that does not help, report it, with these lines."), LoadFailure.Check("Bad image."));
        Assert.Equal("does not load: without a word", LoadFailure.Check("").Found);
    }
}
