namespace NetHook.Cli.Tests;

public sealed class UsageErrorTests
{
    public static TheoryData<string, string[]> Cases => new()
    {
        { "'tarce' is not a command of nethook; there are trace, layers, lens, generate, steer, causal-trace, patch, edit, evaluate-edits, stats, convert, doctor, completion. Did you mean 'trace'? See 'nethook --help'.", ["tarce", "a prompt"] },
        { "Required argument missing for command: 'trace'. See 'nethook trace --help'.", ["trace"] },
        { "The PROMPT is empty. See 'nethook trace --help'.", ["trace", ""] },
        { "'capital' is one argument too many: a text with spaces needs quotes. See 'nethook trace --help'.", ["trace", "The", "capital", "of"] },
        { "Required argument missing for option: '--model'. See 'nethook trace --help'.", ["trace", "The", "--model"] },
        { "--model is given an empty FOLDER. See 'nethook trace --help'.", ["trace", "The", "--model", ""] },
        { "--layers is given an empty GLOB. See 'nethook trace --help'.", ["trace", "The", "--layers", "**", "--layers", ""] },
        { "--stop-at is given an empty LAYER. See 'nethook trace --help'.", ["trace", "The", "--stop-at", ""] },
        { "--out is given an empty FILE. See 'nethook trace --help'.", ["trace", "The", "--out", ""] },
        { "Option '--model' expects a single argument but 2 were provided. See 'nethook trace --help'.", ["trace", "The", "--model", "a", "--model", "b"] },
        { "'--jsn' is not expected here. Did you mean '--json'? Options are spelt as in the help; a text that begins with -- goes behind a lone --. See 'nethook trace --help'.", ["trace", "--jsn"] },
        { "'--modle' is not expected here. Did you mean '--model'? Options are spelt as in the help; a text that begins with -- goes behind a lone --. See 'nethook trace --help'.", ["trace", "The", "--modle", "x"] },
        { "'--ot=x' is not expected here. Did you mean '--out'? Options are spelt as in the help; a text that begins with -- goes behind a lone --. See 'nethook trace --help'.", ["trace", "The", "--ot=x"] },
        { "'--save' is not expected here. Options are spelt as in the help; a text that begins with -- goes behind a lone --. See 'nethook trace --help'.", ["trace", "The", "--save", "x"] },
        { "'-x' is not an option of trace. Did you mean '-m', '-l' or '-o'? See 'nethook trace --help'.", ["trace", "The", "-x"] },
        { "'x' is one argument too many: a text with spaces needs quotes. See 'nethook layers --help'.", ["layers", "**", "x"] },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Usage_error_is_one_line_with_code_2(string line, string[] arguments) => Assert.Equal(line, ToolRun.Of(arguments).Line(Tool.UsageError));
}
