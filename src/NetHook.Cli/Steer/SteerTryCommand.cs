using System.CommandLine;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary><c>nethook steer try</c>: what a steering vector does, beside a random one.</summary>
internal sealed class SteerTryCommand : ToolCommand
{
    private readonly Argument<string> _file = new("FILE") { Description = "A file of 'nethook steer make'." };
    private readonly PromptArgument _prompt = new(description: "The prompt to steer; - reads it from standard input.") { Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string> _prompts = new("--prompts") { HelpName = "FILE", Description = "Steer each line of a file instead." };
    private readonly ModelChoice _model = new();
    private readonly Option<double[]> _strengths = new("--strength", "-s") { HelpName = "S", Description = "How much of the vector is added; may be given several times. Default: 1." };
    private readonly Option<string> _answer = new("--answer") { HelpName = "TEXT", Description = "Measure the logit of this answer, one token; without --against its log probability." };
    private readonly Option<string> _against = new("--against") { HelpName = "TEXT", Description = "Less the logit of this one." };
    private readonly Option<int> _maxTokens = new("--max-tokens", "-n") { HelpName = "N", Description = "The most tokens to add to each prompt.", DefaultValueFactory = _ => new SteeringTrialOptions().MaxTokens };
    private readonly Option<long> _seed = new("--seed") { HelpName = "S", Description = "What the random vector is drawn by." };
    private readonly JsonOption _json = new();

    public SteerTryCommand(ToolContext context)
        : base(context, "try", "Show what a steering vector does, beside a random one.")
    {
        Arguments.Add(_file);
        Arguments.Add(_prompt);
        foreach (Option option in (Option[])[_prompts, .. _model.Options, _strengths, _answer, _against, _maxTokens, _seed, _json])
            Options.Add(option);
    }

    public override string Notes =>
        """
        First the model as it is; then, at each strength, the vector and a random one of
        the same norm: what that does too says nothing of the direction. The measure is
        the mean over the prompts, behind their last tokens.

        JSON:
          model, layer, method, norm, seed
          measured  what is measured, or null
          prompts   the prompts
          outcomes  of each: strength (0 is the model as it is), random, measure, texts
                    (what was added to each prompt)
        """;

    public override IReadOnlyList<CommandExample> Examples =>
    [
        new("nethook steer try good.safetensors \"I think that\" --strength 2 --strength 4", "How the text goes on."),
        new("nethook steer try good.safetensors --prompts prompts.txt --answer \" good\" --against \" bad\" --max-tokens 0", "The logit difference over many prompts."),
    ];

    protected override void Run(ParseResult arguments)
    {
        string[] prompts = Prompts(arguments);
        double[] strengths = arguments.GetValue(_strengths) is { Length: > 0 } given ? given : [.. new SteeringTrialOptions().Strengths];
        string file = arguments.GetRequiredValue(_file);
        using var vector = SteeringVector.Load(file);
        using LanguageModel model = _model.Read(Context, arguments);
        SteeringTrialOptions options = new()
        {
            Strengths = strengths,
            Answer = arguments.GetValue(_answer),
            Against = arguments.GetValue(_against),
            MaxTokens = arguments.GetValue(_maxTokens),
            Seed = arguments.GetValue(_seed),
        };
        SteeringTrial trial = WorkProgress.Show(Context, "Steering", progress => SteeringTrial.Run(model, vector, prompts, options, progress, Context.Cancellation));
        if (arguments.GetValue(_json))
        {
            ReportJson.Write(Context.Out, new SteerTryReport(
                _model.Folder(arguments), trial.Layer, trial.Method, trial.Norm, trial.Seed, trial.Measured, trial.Prompts, trial.Outcomes));
            return;
        }

        foreach (string line in trial.ToString().Split('\n'))
            Context.Out.Line(line);
    }

    private string[] Prompts(ParseResult arguments)
    {
        (string? prompt, string? file) = (arguments.GetValue(_prompt), arguments.GetValue(_prompts));
        if (prompt is null == file is null)
            throw new ToolException(prompt is null ? "There is nothing to steer. Give a PROMPT, or --prompts FILE with one in each line." : "Give a PROMPT or --prompts, not both.");
        return prompt is not null ? [_prompt.Text(Context, arguments)] : PromptLines.Of(file!);
    }
}
