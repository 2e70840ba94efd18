using System.Text;

namespace NetHook.Cli.Tests;

/// <summary>Throws when it is written to: a fault inside of any command.</summary>
internal sealed class FaultyWriter(Exception fault) : TextWriter
{
    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value) => throw fault;

    public override void Write(string? value) => throw fault;

    public override void WriteLine(string? value) => throw fault;
}
