using System.CommandLine;
using NetHook.Interpretability;
using Spectre.Console;

namespace NetHook.Cli;

/// <summary><c>nethook generate</c>: continues prompts, steered and traced if asked for.</summary>
internal sealed class GenerateCommand : ToolCommand
{
    private readonly PromptArgument _prompt = new(description: "The text to continue; - reads it from standard input.") { Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string> _prompts = new("--prompts") { HelpName = "FILE", Description = "Continue each line of a file instead, all together." };
    private readonly ModelChoice _model = new();
    private readonly Option<int> _maxTokens = new("--max-tokens", "-n") { HelpName = "N", Description = "The most tokens to add.", DefaultValueFactory = _ => 40 };
    private readonly Option<double> _temperature = new("--temperature") { HelpName = "T", Description = "0 takes the likeliest token each time; more draws one, the more freely the higher." };
    private readonly Option<long> _seed = new("--seed") { HelpName = "S", Description = "What tokens are drawn by: equal seeds give equal texts." };
    private readonly SteerOption _steer = new();

    private readonly Option<string[]> _trace = new("--trace")
    {
        HelpName = "LAYERS",
        Description = "Keep what these layers give at each step, for --out: a GLOB, as 'nethook layers' takes it; may be given several times.",
    };

    private readonly Option<string> _out = new("--out", "-o") { HelpName = "FILE", Description = "Save what --trace keeps, in safetensors format." };
    private readonly JsonOption _json = new();

    public GenerateCommand(ToolContext context)
        : base(context, "generate", "Continue a prompt, steered if you like.")
    {
        Arguments.Add(_prompt);
        Option[] options = [_prompts, .. _model.Options, _maxTokens, _temperature, _seed, _steer, _trace, _out, _json];
        foreach (Option option in options)
            Options.Add(option);
    }

    public override string Notes =>
        """
        The prompt and what is added to it are written as the tokens come. A text ends
        at the token that ends documents, at --max-tokens, or where the model reads no
        more. With --prompts the texts are written when all are complete.

        The file of --out has a tensor LAYER@STEP for each layer and step. Step 0 reads
        the prompts, [prompts, tokens, features]; step n computes the n-th new token,
        [prompts, 1, features]. Shorter prompts are padded on the left.

        JSON:
          model     the folder
          steering  of each vector: file, layer, strength, features
          texts     of each prompt: prompt, text (what was added), tokens; of each token:
                    id, text, probability (0 to 1, at temperature 1), alternatives: the
                    five likeliest, of each: id, text, probability
          saved     the file of --out, or null
        """;

    public override IReadOnlyList<CommandExample> Examples =>
    [
        new("nethook generate \"The capital of France is\"", "The likeliest continuation."),
        new("nethook generate \"The capital of France is\" --temperature 0.8 --seed 1", "One that is drawn, the same each time."),
        new("nethook generate \"I think that\" --steer cheerful.safetensors:4", "Steered by a vector of SteeringVector.Save."),
        new("nethook generate --prompts prompts.txt --trace \"**.h.*\" --out steps.safetensors", "Each line continued, and what the blocks gave at each step."),
    ];

    protected override void Run(ParseResult arguments)
    {
        string? save = arguments.GetValue(_out);
        string[] patterns = arguments.GetValue(_trace) ?? [];
        if (save is null != (patterns.Length == 0))
            throw new ToolException("--trace says which layers are kept and --out says where: give both.");
        if (save is not null)
            OutputFile.Check(save);
        int maxTokens = arguments.GetValue(_maxTokens);
        if (maxTokens < 0)
            throw new ToolException($"--max-tokens is {maxTokens}: give 0 or more.");
        IReadOnlyList<string> prompts = Prompts(arguments);

        using LanguageModel model = _model.Read(Context, arguments);
        using SteerOption.Steerings steerings = _steer.Attach(arguments, model.Model);
        using TracedSteps? steps = save is null ? null : new TracedSteps(model.Model, LayerSelection.Of(model.Model, patterns));
        bool json = arguments.GetValue(_json);
        IReadOnlyList<GeneratedText> texts = Generate(model, prompts, maxTokens, arguments, streams: !json && arguments.GetValue(_prompts) is null);
        if (save is not null)
            steps!.Save(save, model, texts);
        if (json)
            ReportJson.Write(Context.Out, new GenerateReport(_model.Folder(arguments), steerings.Items, texts, save));
        else if (arguments.GetValue(_prompts) is not null)
            texts.ToList().ForEach(text => Context.Out.Line(text.Prompt + text.Text));
    }

    private IReadOnlyList<GeneratedText> Generate(LanguageModel model, IReadOnlyList<string> prompts, int maxTokens, ParseResult arguments, bool streams)
    {
        GenerationOptions options = new() { Temperature = arguments.GetValue(_temperature), Seed = arguments.GetValue(_seed) };
        TextWriter writer = Context.Out.Profile.Out.Writer;
        List<GeneratedItem>[] tokens = [.. prompts.Select(_ => new List<GeneratedItem>())];
        IAsyncEnumerable<GeneratedToken> stream = prompts.Count == 1
            ? model.GenerateStream(prompts[0], maxTokens, options, Context.Cancellation)
            : model.GenerateStream(prompts, maxTokens, options, Context.Cancellation);
        if (streams)
            writer.Write(prompts[0]);
        foreach (GeneratedToken token in stream.ToBlockingEnumerable(Context.Cancellation))
        {
            tokens[token.Row].Add(new(token.Id, token.Text, token.Probability, token.Alternatives));
            if (streams)
                Show(writer, token.Text);
        }

        if (streams)
            writer.WriteLine();
        return [.. prompts.Select((prompt, row) => new GeneratedText(prompt, string.Concat(tokens[row].Select(token => token.Text)), tokens[row]))];
    }

    private static void Show(TextWriter writer, string text)
    {
        writer.Write(text);
        writer.Flush();
    }

    private string[] Prompts(ParseResult arguments)
    {
        (string? prompt, string? file) = (arguments.GetValue(_prompt), arguments.GetValue(_prompts));
        if (prompt is null == file is null)
            throw new ToolException(prompt is null ? "There is nothing to continue. Give a PROMPT, or --prompts FILE with one in each line." : "Give a PROMPT or --prompts, not both.");
        if (prompt is not null)
            return [_prompt.Text(Context, arguments)];
        return PromptLines.Of(file!);
    }
}
