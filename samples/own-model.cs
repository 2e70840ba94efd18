#:project ../src/NetHook.Interpretability/NetHook.Interpretability.csproj

// A model of one's own: a small GPT in the style of minGPT, which knows nothing of NetHook, learns a few capitals. A layout says
// where it has its parts; with that, the logit lens, causal tracing and an edit by ROME work on it as on any other.
using NetHook;
using NetHook.Interpretability;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

manual_seed(1);
set_num_threads(1); // more threads than such small tensors need only wait for each other

var tokenizer = Tokenizer.FromPretrained(BundledModel.Folder);
var facts = FactBook.Load().Facts.Where(fact => fact.Relation == "capital").Take(12).ToArray();
var gpt = new MyGpt(tokenizer.VocabularySize, width: 64, heads: 4, layers: 4, context: 16);
Train(gpt, [.. facts.Select(fact => tokenizer.Encode($"The capital of {fact.Subject} is {fact.Answer}."))], steps: 150);
gpt.eval();

var layout = new TransformerLayout
{
    Layers = 4,
    MaxTokens = 16,
    Embedding = "tokens",
    BlockPath = "blocks.{0}",
    AttentionPath = "blocks.{0}.attention",
    MlpPath = "blocks.{0}.mlp",
    MlpProjectionPath = "blocks.{0}.mlp.project",
    FinalNorm = "norm",
    Head = "head",
};
using var model = new LanguageModel(gpt, tokenizer, layout);
var (fact, other) = (facts[0], facts[1]);
var prompt = $"The capital of {fact.Subject} is";
Console.WriteLine($"{prompt}{model.Generate(prompt, 1)}\n");

var lens = LogitLens.Run(model, prompt);
Console.WriteLine("The lens behind the last token:");
for (var layer = 0; layer < lens.Layers.Count; layer++)
    Console.WriteLine($"  {lens.Layers[layer],-10} {lens[layer, lens.Tokens.Count - 1][0].Text}");

Console.WriteLine($"\n{new CausalTracer(model).Trace(prompt, fact.Subject)}\n");

using var keys = KeyStatistics.Collect(model, layer: 1, string.Join(' ', facts.Select(fact => $"The capital of {fact.Subject} is {fact.Answer}.")));
var editor = new RomeEditor(model, keys, new() { Layer = 1, Prefixes = [""], Ridge = 0.01 });
using var edit = editor.Find(new("The capital of {} is", fact.Subject, other.Answer));
using (edit.ApplyTo(model.Model))
    Console.WriteLine($"Edited {edit.Parameter}: {prompt}{model.Generate(prompt, 1)}");
Console.WriteLine($"Undone: {prompt}{model.Generate(prompt, 1)}");

static void Train(MyGpt gpt, IReadOnlyList<int>[] rows, int steps)
{
    // Padded at the end, where nothing is learnt.
    var length = rows.Max(row => row.Count);
    using var ids = tensor([.. rows.SelectMany(row => row.Concat(Enumerable.Repeat(0, length - row.Count))).Select(id => (long)id)], [rows.Length, length]);
    using var next = tensor([.. rows.SelectMany(row => row.Skip(1).Concat(Enumerable.Repeat(-100, length - row.Count + 1))).Select(id => (long)id)], [rows.Length, length]);
    using var adam = optim.Adam(gpt.parameters(), lr: 0.003);
    for (var step = 0; step < steps; step++)
    {
        using var scope = NewDisposeScope();
        adam.zero_grad();
        functional.cross_entropy(gpt.call(ids).flatten(0, 1), next.flatten(), ignore_index: -100).backward();
        adam.step();
    }
}

/// <summary>Token ids to the logits of the next token.</summary>
internal sealed class MyGpt : Module<Tensor, Tensor>
{
    private readonly Embedding tokens, positions;
    private readonly ModuleList<Block> blocks;
    private readonly LayerNorm norm;
    private readonly Linear head;

    public MyGpt(long vocabulary, long width, int heads, int layers, long context)
        : base(nameof(MyGpt))
    {
        tokens = Embedding(vocabulary, width);
        positions = Embedding(context, width);
        blocks = [.. Enumerable.Range(0, layers).Select(_ => new Block(width, heads))];
        norm = LayerNorm(width);
        head = Linear(width, vocabulary, hasBias: false);
        RegisterComponents();
    }

    public override Tensor forward(Tensor ids)
    {
        using var scope = NewDisposeScope();
        var x = tokens.call(ids) + positions.call(arange(ids.shape[1], ScalarType.Int64));
        foreach (var block in blocks)
            x = block.call(x);
        return scope.MoveToOuter(head.call(norm.call(x)));
    }
}

internal sealed class Block : Module<Tensor, Tensor>
{
    private readonly LayerNorm norm1, norm2;
    private readonly Attention attention;
    private readonly Mlp mlp;

    public Block(long width, int heads)
        : base(nameof(Block))
    {
        (norm1, attention, norm2, mlp) = (LayerNorm(width), new Attention(width, heads), LayerNorm(width), new Mlp(width));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        x = x + attention.call(norm1.call(x));
        return scope.MoveToOuter(x + mlp.call(norm2.call(x)));
    }
}

internal sealed class Attention : Module<Tensor, Tensor>
{
    private readonly Linear query, key, value, output;
    private readonly int _heads;

    public Attention(long width, int heads)
        : base(nameof(Attention))
    {
        _heads = heads;
        (query, key, value, output) = (Linear(width, width), Linear(width, width), Linear(width, width), Linear(width, width));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        Tensor Split(Tensor states) => states.view(x.shape[0], x.shape[1], _heads, -1).transpose(1, 2);
        var mixed = functional.scaled_dot_product_attention(Split(query.call(x)), Split(key.call(x)), Split(value.call(x)), is_casual: true);
        return scope.MoveToOuter(output.call(mixed.transpose(1, 2).reshape(x.shape)));
    }
}

internal sealed class Mlp : Module<Tensor, Tensor>
{
    private readonly Linear expand, project;

    public Mlp(long width)
        : base(nameof(Mlp))
    {
        (expand, project) = (Linear(width, 4 * width), Linear(4 * width, width));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(project.call(functional.gelu(expand.call(x))));
    }
}
