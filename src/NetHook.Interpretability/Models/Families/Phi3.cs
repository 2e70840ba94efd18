using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>
/// Phi 3 (Abdin et al. 2024): a Llama that computes queries, keys and values by one projection, and gate and hidden numbers of
/// the MLP by another; rows longer than it was trained on are rotated by LongRoPE.
/// </summary>
internal sealed class Phi3(LlamaPlan plan, WeightFactory make) : Llama(plan, make, layer => new Phi3Block(plan, layer, make))
{
    public static new Func<WeightFactory, DecoderModel> Read(ModelSettings settings)
    {
        settings.SizeOrNull("original_max_position_embeddings");
        foreach (string bias in new[] { "attention_bias", "mlp_bias", "lm_head_bias" })
            settings.Only(bias, false);
        LlamaPlan plan = LlamaPlan.Read(settings, "phi3", (32064, 3072, 8192, 32, 32), trained: 4096, epsilon: 1e-5, partial: 1) with { Window = settings.SizeOrNull("sliding_window") };
        return make => new Phi3(plan, make);
    }
}

internal sealed class Phi3Block : Module<Tensor, Tensor>
{
    public readonly Module<Tensor, Tensor> input_layernorm, self_attn, post_attention_layernorm, mlp;

    public Phi3Block(LlamaPlan plan, int layer, WeightFactory make)
        : base(nameof(Phi3Block))
    {
        input_layernorm = plan.Norm(make);
        self_attn = new Phi3Attention(plan, layer, make);
        post_attention_layernorm = plan.Norm(make);
        mlp = new Phi3Mlp(plan, make);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = input.Plus(self_attn.call(input_layernorm.call(input)));
        return scope.MoveToOuter(x.Plus(mlp.call(post_attention_layernorm.call(x))));
    }
}

/// <summary>Queries of all heads, then keys, then values, side by side in one projection.</summary>
internal sealed class Phi3Attention : Attention
{
    public readonly Module<Tensor, Tensor> qkv_proj, o_proj;
    private readonly long[] _parts;

    public Phi3Attention(LlamaPlan plan, int layer, WeightFactory make)
        : base(nameof(Phi3Attention), plan.Attention(layer))
    {
        long all = (long)plan.Heads * plan.HeadSize, shared = (long)plan.KeyValueHeads * plan.HeadSize;
        _parts = [all, shared, shared];
        qkv_proj = make.Linear(plan.Width, all + (2 * shared), bias: false);
        o_proj = make.Linear(all, plan.Width, bias: false);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] parts = qkv_proj.call(input).split(_parts, -1);
        return scope.MoveToOuter(o_proj.call(Attend(Split(parts[0]), Split(parts[1]), Split(parts[2]))));
    }
}

/// <summary>A gated MLP with gate and hidden numbers side by side in one projection.</summary>
internal sealed class Phi3Mlp : Module<Tensor, Tensor>
{
    public readonly Module<Tensor, Tensor> gate_up_proj, activation_fn, keys, down_proj;

    public Phi3Mlp(LlamaPlan plan, WeightFactory make)
        : base(nameof(Phi3Mlp))
    {
        gate_up_proj = make.Linear(plan.Width, 2L * plan.Inner, bias: false);
        activation_fn = Activations.Make(plan.Activation);
        keys = new Place();
        down_proj = make.Linear(plan.Inner, plan.Width, bias: false);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] halves = gate_up_proj.call(input).chunk(2, -1);
        return scope.MoveToOuter(down_proj.call(keys.call(activation_fn.call(halves[0]) * halves[1])));
    }
}
