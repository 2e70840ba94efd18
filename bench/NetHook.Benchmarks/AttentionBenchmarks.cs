using BenchmarkDotNet.Attributes;
using NetHook.Interpretability;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Benchmarks;

/// <summary>
/// A pass of two blocks of GPT-2 (124M), unwatched and so fused, beside the same computed by TorchSharp's functions on the same
/// weights; and with every pattern watched.
/// </summary>
public class AttentionBenchmarks
{
    private const int Layers = 2, Width = 768, Heads = 12;
    private readonly Gpt2 _model = new(new Gpt2Config { NLayer = Layers, VocabSize = 1000 });
    private readonly Dictionary<string, Tensor> _weights;
    private Tensor _ids = null!;
    private TraceDict? _traces;

    public AttentionBenchmarks()
    {
        _model.eval();
        _weights = _model.named_parameters().ToDictionary(pair => pair.name, Tensor (pair) => pair.parameter);
        _weights["lm_head.weight"] = _weights["transformer.wte.weight"];
    }

    [Params(128, 512)]
    public int Tokens { get; set; }

    [GlobalSetup]
    public void Setup() => _ids = arange(Tokens).unsqueeze(0);

    [GlobalSetup(Target = nameof(Watched))]
    public void SetupWatched()
    {
        Setup();
        _traces = new(_model, [.. Enumerable.Range(0, Layers).Select(_model.Layout.AttentionPattern)], new() { Detach = true });
    }

    [GlobalCleanup]
    public void Cleanup() => _traces?.Dispose();

    [Benchmark(Baseline = true)]
    public void ByHand()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable _ = no_grad();
        Tensor x = _weights["transformer.wte.weight"].index_select(0, _ids[0]).unsqueeze(0) + _weights["transformer.wpe.weight"].narrow(0, 0, Tokens);
        for (int layer = 0; layer < Layers; layer++)
        {
            string block = $"transformer.h.{layer}";
            Tensor[] qkv = [.. Linear(Norm(x, $"{block}.ln_1"), $"{block}.attn.c_attn").chunk(3, -1).Select(part => part.view(1, Tokens, Heads, Width / Heads).transpose(1, 2))];
            Tensor mixed = functional.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], null, 0, true).transpose(1, 2).reshape(1, Tokens, Width);
            x = x + Linear(mixed, $"{block}.attn.c_proj");
            x = x + Linear(functional.gelu(Linear(Norm(x, $"{block}.ln_2"), $"{block}.mlp.c_fc"), TorchSharp.Modules.GELU.Approximate.tanh), $"{block}.mlp.c_proj");
        }

        functional.linear(Norm(x, "transformer.ln_f"), _weights["lm_head.weight"]);
    }

    [Benchmark]
    public void Fused() => Pass();

    [Benchmark]
    public void Watched() => Pass();

    private void Pass()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable _ = no_grad();
        _model.call(_ids);
    }

    private Tensor Norm(Tensor x, string layer) => functional.layer_norm(x, [Width], _weights[layer + ".weight"], _weights[layer + ".bias"], 1e-5);

    private Tensor Linear(Tensor x, string layer) => addmm(_weights[layer + ".bias"], x[0], _weights[layer + ".weight"], 1, 1).unsqueeze(0);
}
