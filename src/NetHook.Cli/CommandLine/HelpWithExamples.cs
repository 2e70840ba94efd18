using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace NetHook.Cli;

/// <summary>The usual help, followed by a command's notes and examples.</summary>
internal sealed class HelpWithExamples : SynchronousCommandLineAction
{
    private const int Width = 80;

    private readonly HelpAction _usual = new() { MaxWidth = Width };

    public override bool Terminating => true;

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        // A command of a command does not take the arguments of that.
        for (var parent = parseResult.CommandResult.Parent as CommandResult; parent is not null; parent = parent.Parent as CommandResult)
        {
            foreach (System.CommandLine.Argument argument in parent.Command.Arguments)
                argument.Hidden = true;
        }

        TextWriter output = parseResult.InvocationConfiguration.Output;
        using var usual = new StringWriter();
        parseResult.InvocationConfiguration.Output = usual;
        _usual.Invoke(parseResult);
        parseResult.InvocationConfiguration.Output = output;

        // The usual help ends with an empty line, and leaves spaces where it folds one.
        foreach (string line in usual.ToString().TrimEnd().Split('\n'))
            output.WriteLine(line.TrimEnd());
        if (parseResult.CommandResult.Command is ToolCommand command)
            WriteMore(command, output);
        return Tool.Success;
    }

    private static void WriteMore(ToolCommand command, TextWriter output)
    {
        output.WriteLine();
        if (command.Notes is { } notes)
        {
            output.WriteLine(notes);
            output.WriteLine();
        }

        output.WriteLine("Examples:");
        foreach (CommandExample example in command.Examples)
        {
            output.WriteLine($"  {example.Line}");
            output.WriteLine($"      {example.Does}");
        }
    }
}
