using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>What a decoder has between ids and head: embeddings, blocks, and what follows the last block. Ids in, hidden states out.</summary>
internal abstract class DecoderBody(string name) : Module<Tensor, Tensor>(name)
{
    /// <summary>The layer whose table has a vector for each id.</summary>
    public abstract Module<Tensor, Tensor> Tokens { get; }

    /// <summary>The blocks, each from residual stream to residual stream.</summary>
    public abstract ModuleList<Module<Tensor, Tensor>> Blocks { get; }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        var pass = ForwardPass.Of(input, out IDisposable? own);
        using IDisposable? _ = own;
        return scope.MoveToOuter(From(0, Embed(input, pass)));
    }

    /// <summary>Runs the blocks from one on, and what follows them. Makes tensors in the current dispose scope.</summary>
    public Tensor From(int block, Tensor residual)
    {
        foreach (Module<Tensor, Tensor> next in Blocks.Skip(block))
        {
            ForwardPass.Current?.Cancellation.ThrowIfCancellationRequested();
            residual = next.call(residual);
        }

        return Finish(residual);
    }

    /// <summary>The residual stream that enters the first block.</summary>
    protected abstract Tensor Embed(Tensor ids, ForwardPass pass);

    /// <summary>What follows the last block: the final norm, if there is one.</summary>
    protected abstract Tensor Finish(Tensor residual);
}
