using System.Runtime.InteropServices;
using NetHook.Interpretability;
using Spectre.Console;
using Spectre.Console.Testing;
using static TorchSharp.torch;

namespace NetHook.Cli.Tests;

/// <summary>Only the libraries' own exceptions, and those of the user's files, are answers. All else says that it is a bug.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Usage", "CA2201:Do not raise reserved exception types", Justification = "They are what is planted.")]
public sealed class BugTests(SmallModel model)
{
    public static TheoryData<Exception> Faults =>
    [
        new ArgumentException("Something is wrong.", "argument"),
        new ArgumentOutOfRangeException("argument", "Something is wrong."),
        new KeyNotFoundException("Something is wrong."),
        new InvalidOperationException("Something is wrong."),
        new InvalidDataException("Something is wrong."),
        new NullReferenceException("Something is wrong."),
        new OperationCanceledException("Something is wrong."),
        new ExternalException("Something is wrong.\nException raised from x at y.cpp:7\nframe #0: z"),
        new FileNotFoundException("Something is wrong.", "TorchSharp, Version=0.107.0.0, Culture=neutral"),
        new FileLoadException("Something is wrong."),
        new TypeInitializationException("Something is wrong.", null),
    ];

    [Theory]
    [MemberData(nameof(Faults))]
    public void Fault_in_a_command_is_said_to_be_a_bug(Exception fault)
    {
        foreach (string[] command in (string[][])[["layers", "--model", model.Folder], ["trace", "The", "--model", model.Folder, "--json"], ["trace", "--help"]])
        {
            (int code, string error) = Run(fault, command);

            string[] lines = error.Split('\n');
            Assert.Equal(Tool.Bug, code);
            Assert.StartsWith($"nethook: This is a bug in nethook, and not in what you asked: {fault.GetType().Name}: {fault.Message.Split('\n')[0]}", error, StringComparison.Ordinal);
            Assert.Equal("Please report it, with all of these lines, the command, and what 'nethook doctor' says.", lines[1]);
            Assert.StartsWith($"nethook {Tool.Version}, .NET ", lines[3], StringComparison.Ordinal);
            Assert.Contains(fault.GetType().FullName!, lines[4], StringComparison.Ordinal);
            Assert.Contains("   at NetHook.Cli.Tool.Run(", error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(FileNotFoundException))]
    [InlineData(typeof(UnauthorizedAccessException))]
    public void Trouble_with_a_file_is_one_line(Type type) =>
        Assert.Equal((Tool.Failure, "nethook: No room.\n"), Run((Exception)Activator.CreateInstance(type, "No room.")!, "layers", "--model", model.Folder));

    [Fact]
    public void Every_exception_of_the_libraries_is_an_answer()
    {
        Type[] types = [.. new[] { typeof(Trace), typeof(LanguageModel) }
            .SelectMany(type => type.Assembly.GetExportedTypes()).Where(type => type.IsAssignableTo(typeof(Exception)) && type != typeof(StopForwardException))];

        Assert.True(types.Length >= 10);
        Assert.All(types, type => Assert.NotNull(Answers.Of((Exception)System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(type))));
    }

    [Fact]
    public void Names_of_the_librarys_parameters_are_left_out()
    {
        Exception e = Assert.Throws<OptionException>(() => new CausalTracer(Library()).Trace("The capital", "capital", new() { Samples = 0 }));

        Assert.Contains("(Parameter 'Samples')", e.Message, StringComparison.Ordinal);
        Assert.Equal("Samples is the number of corrupted runs, at least 1. Actual value was 0.", Answers.Of(e)!.ReplaceLineEndings(" "));
    }

    [Fact]
    public void Memory_that_is_not_there_is_said_without_a_stack()
    {
        Assert.Equal("There is not enough memory for this.", Answers.Of(new OutOfMemoryException()));
        Assert.Equal(
            "There is not enough memory for this: you tried to allocate 4611686018427387904 bytes.",
            Answers.Of(Assert.ThrowsAny<ExternalException>(() => empty(1L << 60))));
    }

    [Fact]
    public void Failure_of_libtorch_is_no_answer() => Assert.Null(Answers.Of(Assert.ThrowsAny<ExternalException>(() => ones(2) + ones(3))));

    private LanguageModel Library() => LanguageModel.FromPretrained(model.Folder);

    private static (int Code, string Error) Run(Exception fault, params string[] arguments)
    {
        using var error = new TestConsole();
        using var writer = new FaultyWriter(fault);
        IAnsiConsole output = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(writer) });
        return (Tool.Run(arguments, new ToolContext(output, error.Width(10_000), CancellationToken.None)), error.Output);
    }
}
