using System.CommandLine;
using System.CommandLine.Parsing;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary><c>--facts</c>, <c>--traces</c> and <c>--shard</c>: many facts instead of one prompt.</summary>
internal sealed class FactsOptions
{
    private const string TracesEnding = ".traces.jsonl";

    private readonly Option<string> _facts = new("--facts")
    {
        HelpName = "FILE",
        Description = "Trace each fact of a file instead of a prompt, and average by the role of the token: .tsv or .jsonl, see below.",
    };

    private readonly Option<string> _traces = new("--traces")
    {
        HelpName = "FILE",
        Description = "Keep each fact's trace in this file, from which the same command goes on. Default: the name of --out with .traces.jsonl.",
    };

    private readonly ShardOption _shard = new();

    public IReadOnlyList<Option> Options => [_facts, _traces, _shard];

    /// <summary>The file of facts, or null.</summary>
    public string? Facts(ParseResult arguments) => arguments.GetValue(_facts);

    public Shard Shard(ParseResult arguments) => _shard.Of(arguments);

    /// <summary>The file of traces, or null if none is kept; refused before the work if it cannot be written.</summary>
    public string? Traces(ParseResult arguments, string? figure)
    {
        string? path = arguments.GetValue(_traces) ?? (figure is null ? null : Path.ChangeExtension(figure, TracesEnding));
        if (path is not null)
            OutputFile.Check(path);
        return path;
    }

    /// <summary>Says what does not go together: a prompt needs a subject, and facts have their own.</summary>
    public void Check(CommandResult result, PromptArgument prompt, Option subject, params ReadOnlySpan<Option> ofPrompt)
    {
        bool IsGiven(Option option) => result.GetResult(option) is { Implicit: false };
        bool hasPrompt = result.GetResult(prompt) is { Tokens.Count: > 0 };
        if (IsGiven(_facts))
        {
            if (hasPrompt)
                result.AddError("There is a prompt beside --facts, which has prompts of its own. Give one of them.");
            foreach (Option option in (Option[])[subject, .. ofPrompt])
            {
                if (IsGiven(option))
                    result.AddError($"{option.Name} does not go with --facts: each fact has its own.");
            }

            return;
        }

        if (!hasPrompt)
            result.AddError("A prompt is missing, or --facts.");
        if (!IsGiven(subject))
            result.AddError($"Option '{subject.Name}' is required.");
        foreach (Option option in (Option[])[_traces, _shard])
        {
            if (IsGiven(option))
                result.AddError($"{option.Name} goes with --facts alone.");
        }
    }
}
