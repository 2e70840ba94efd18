using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>
/// Gemma 2 (Gemma Team 2024): a Gemma with norms behind attention and MLP as well, caps on scores and logits, and a window in
/// every other layer.
/// </summary>
internal sealed class Gemma2(LlamaPlan plan, WeightFactory make) : Llama(plan, make, layer => new Gemma2Block(plan, layer, make))
{
    public static new Func<WeightFactory, DecoderModel> Read(ModelSettings settings)
    {
        LlamaPlan plan = Gemma.ReadPlan(settings, "gemma2", (256000, 2304, 9216, 26, 8), "hidden_activation", keyValueHeads: 4, trained: 8192);
        string[]? kinds = settings.PerLayer("layer_types", plan.Layers, "full_attention", "sliding_attention");
        plan = plan with
        {
            StreamScale = Math.Sqrt(plan.Width),
            AddsMlpOutput = false,
            Scale = 1 / Math.Sqrt(settings.Positive("query_pre_attn_scalar", 256)),

            // Null says that there is no cap.
            ScoreCap = settings.Has("attn_logit_softcapping") ? settings.PositiveOrNull("attn_logit_softcapping") : 50,
            LogitCap = settings.Has("final_logit_softcapping") ? settings.PositiveOrNull("final_logit_softcapping") : 30,
            Window = settings.Has("sliding_window") ? settings.SizeOrNull("sliding_window") : 4096,
            Windowed = layer => kinds is null ? layer % 2 == 0 : kinds[layer] == "sliding_attention",
        };
        return make => new Gemma2(plan, make);
    }
}

/// <summary>x + norm(attention(norm x)), then x + norm(MLP(norm x)).</summary>
internal sealed class Gemma2Block : Module<Tensor, Tensor>
{
    public readonly Module<Tensor, Tensor> input_layernorm, self_attn, post_attention_layernorm;
    public readonly Module<Tensor, Tensor> pre_feedforward_layernorm, mlp, post_feedforward_layernorm;

    public Gemma2Block(LlamaPlan plan, int layer, WeightFactory make)
        : base(nameof(Gemma2Block))
    {
        input_layernorm = plan.Norm(make);
        self_attn = new LlamaAttention(plan, layer, make);
        post_attention_layernorm = plan.Norm(make);
        pre_feedforward_layernorm = plan.Norm(make);
        mlp = plan.Mlp(make);
        post_feedforward_layernorm = plan.Norm(make);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = input.Plus(post_attention_layernorm.call(self_attn.call(input_layernorm.call(input))));
        return scope.MoveToOuter(x.Plus(post_feedforward_layernorm.call(mlp.call(pre_feedforward_layernorm.call(x)))));
    }
}
