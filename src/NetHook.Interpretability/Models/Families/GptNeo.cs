using System.Text.Json;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>GPT-Neo (Black et al. 2021): a GPT-2 whose scores are not scaled, and whose layers see a window of tokens by turns.</summary>
internal sealed class GptNeo : DecoderModel
{
    public readonly GptNeoTransformer transformer;
    public readonly Module<Tensor, Tensor> lm_head;

    public GptNeo(GptNeoPlan plan, WeightFactory make)
        : base(nameof(GptNeo), "gpt_neo", plan.Layout)
    {
        transformer = new GptNeoTransformer(plan, make);
        lm_head = make.Head(transformer.wte, plan.Tied);
        Width = plan.Width;
        RegisterComponents();
    }

    private protected override Module<Tensor, Tensor> Stem => transformer;

    private protected override DecoderBody Body => transformer;

    private protected override Module<Tensor, Tensor> Head => lm_head;

    private protected override int Width { get; }

    public static Func<WeightFactory, DecoderModel> Read(ModelSettings settings)
    {
        int width = settings.Size("hidden_size", 2048), heads = settings.Size("num_heads", 16), layers = settings.LayerCount("num_layers", 24);
        if (width % heads != 0)
            throw settings.Bad("hidden_size", $"It is {width}, which num_heads, {heads}, does not divide.");
        GptNeoPlan plan = new(
            settings.Size("vocab_size", 50257), settings.Size("max_position_embeddings", 2048), width, layers, heads, settings.SizeOrNull("intermediate_size") ?? 4 * width,
            settings.Size("window_size", 256), Kinds(settings, layers), settings.Activation("activation_function", "gelu_new"), settings.Positive("layer_norm_epsilon", 1e-5), settings.Tied(true));
        return make => new GptNeo(plan, make);
    }

    /// <summary>Which layers have a window: <c>[[["global", "local"], 12]]</c> says those two by turns, twelve times.</summary>
    private static Func<int, bool> Kinds(ModelSettings settings, int layers)
    {
        string[]? listed = settings.PerLayer("attention_layers", layers, "global", "local");
        List<(string[] Kinds, long Times)> groups = [];
        if (!settings.HasValue("attention_types"))
            groups.Add((["global", "local"], (layers + 1) / 2));
        else if (settings.Value("attention_types") is { ValueKind: JsonValueKind.Array } list)
            groups.AddRange(list.EnumerateArray().Select(group => Group(settings, group)));
        if (settings.HasValue("attention_types") && groups.Sum(group => group.Kinds.Length * group.Times) != layers)
            throw settings.Bad("attention_types", $"It does not describe {layers} layers (num_layers).");
        return listed is not null ? layer => listed[layer] == "local" : layer => KindOf(groups, layer) == "local";
    }

    private static (string[] Kinds, long Times) Group(ModelSettings settings, JsonElement group)
    {
        if (group.ValueKind == JsonValueKind.Array && group.GetArrayLength() == 2 && group[0].ValueKind == JsonValueKind.Array && group[0].GetArrayLength() > 0
            && group[1].ValueKind == JsonValueKind.Number && group[1].TryGetInt32(out int times) && times > 0
            && group[0].EnumerateArray().All(kind => kind.ValueKind == JsonValueKind.String && kind.GetString() is "global" or "local"))
        {
            return ([.. group[0].EnumerateArray().Select(kind => kind.GetString()!)], times);
        }

        throw settings.Bad("attention_types", "It is not a list of groups such as [[\"global\", \"local\"], 12].");
    }

    private static string KindOf(List<(string[] Kinds, long Times)> groups, long layer)
    {
        foreach ((string[] kinds, long times) in groups)
        {
            if (layer < kinds.Length * times)
                return kinds[layer % kinds.Length];
            layer -= kinds.Length * times;
        }

        return "global";
    }
}

internal sealed record GptNeoPlan(
    int Vocabulary, int Positions, int Width, int Layers, int Heads, int Inner, int Window, Func<int, bool> IsLocal, string Activation, double NormEpsilon, bool Tied)
{
    public TransformerLayout Layout => new TransformerLayout
    {
        Layers = Layers,
        MaxTokens = Positions,
        Embedding = "transformer.wte",
        BlockPath = "transformer.h.{0}",
        MlpPath = "transformer.h.{0}.mlp",
        AddsMlpOutput = true,
        MlpKeysPath = "transformer.h.{0}.mlp.act",
        MlpProjectionPath = "transformer.h.{0}.mlp.c_proj",
        FinalNorm = "transformer.ln_f",
        Head = "lm_head",
    }.WithAttention("transformer.h.{0}.attn", inside: "transformer.h.{0}.attn.attention");
}

internal sealed class GptNeoTransformer : DecoderBody
{
    public readonly Module<Tensor, Tensor> wte, wpe;
    public readonly ModuleList<Module<Tensor, Tensor>> h;
    public readonly Module<Tensor, Tensor> ln_f;

    public GptNeoTransformer(GptNeoPlan plan, WeightFactory make)
        : base(nameof(GptNeoTransformer))
    {
        wte = new Embedding(make.Matrix(plan.Vocabulary, plan.Width));
        wpe = new Embedding(make.Matrix(plan.Positions, plan.Width));
        h = [.. Enumerable.Range(0, plan.Layers).Select(layer => new GptNeoBlock(plan, layer, make))];
        ln_f = make.LayerNorm(plan.Width, plan.NormEpsilon);
        RegisterComponents();
    }

    public override Module<Tensor, Tensor> Tokens => wte;

    public override ModuleList<Module<Tensor, Tensor>> Blocks => h;

    protected override Tensor Embed(Tensor ids, ForwardPass pass) => wte.call(ids).Plus(wpe.call(pass.Positions));

    protected override Tensor Finish(Tensor residual) => ln_f.call(residual);
}

/// <summary>x + attention(norm x), then x + MLP(norm x).</summary>
internal sealed class GptNeoBlock : Module<Tensor, Tensor>
{
    public readonly Module<Tensor, Tensor> ln_1, attn, ln_2, mlp;

    public GptNeoBlock(GptNeoPlan plan, int layer, WeightFactory make)
        : base(nameof(GptNeoBlock))
    {
        ln_1 = make.LayerNorm(plan.Width, plan.NormEpsilon);
        attn = new GptNeoAttention(plan, layer, make);
        ln_2 = make.LayerNorm(plan.Width, plan.NormEpsilon);
        mlp = new Mlp(
            ("c_fc", make.Linear(plan.Width, plan.Inner, bias: true)), ("act", Activations.Make(plan.Activation)), ("c_proj", make.Linear(plan.Inner, plan.Width, bias: true)));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = input.Plus(attn.call(ln_1.call(input)));
        return scope.MoveToOuter(x.Plus(mlp.call(ln_2.call(x))));
    }
}

/// <summary>Around the attention itself, as checkpoints name it.</summary>
internal sealed class GptNeoAttention : Module<Tensor, Tensor>
{
    public readonly Module<Tensor, Tensor> attention;

    public GptNeoAttention(GptNeoPlan plan, int layer, WeightFactory make)
        : base(nameof(GptNeoAttention))
    {
        attention = new GptNeoSelfAttention(plan, layer, make);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => attention.call(input);
}

internal sealed class GptNeoSelfAttention : Attention
{
    public readonly Module<Tensor, Tensor> q_proj, k_proj, v_proj, out_proj;

    public GptNeoSelfAttention(GptNeoPlan plan, int layer, WeightFactory make)
        : base(nameof(GptNeoSelfAttention), new()
        {
            Heads = plan.Heads,
            KeyValueHeads = plan.Heads,
            HeadSize = plan.Width / plan.Heads,
            Scale = 1,
            Window = plan.IsLocal(layer) ? plan.Window : null,
            Float32Scores = true,
        })
    {
        q_proj = make.Linear(plan.Width, plan.Width, bias: false);
        k_proj = make.Linear(plan.Width, plan.Width, bias: false);
        v_proj = make.Linear(plan.Width, plan.Width, bias: false);
        out_proj = make.Linear(plan.Width, plan.Width, bias: true);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        return scope.MoveToOuter(out_proj.call(Attend(Split(q_proj.call(input)), Split(k_proj.call(input)), Split(v_proj.call(input)))));
    }
}
