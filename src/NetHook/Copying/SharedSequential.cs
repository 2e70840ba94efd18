using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook;

/// <summary>A Sequential of layers that belong to another model: disposing it leaves them alive.</summary>
internal sealed class SharedSequential : Sequential
{
    internal SharedSequential()
        : base(Array.Empty<(string, nn.Module<Tensor, Tensor>)>())
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            (List<nn.IModule<Tensor, Tensor>>? modules, List<string>? names) = TorchSharpInternals.Layers(this);
            modules.Clear();
            names.Clear();
        }

        base.Dispose(disposing);
    }

    /// <summary>A copy's layers are its own, so it is a plain Sequential.</summary>
    internal sealed class Copier : NetHook.Copier
    {
        internal override object Copy(object original, CopyContext context)
        {
            Sequential copy = nn.Sequential();
            context.Own(copy);
            context.Remember(original, copy);
            (List<nn.IModule<Tensor, Tensor>>? modules, List<string>? names) = TorchSharpInternals.Layers((SharedSequential)original);
            foreach ((nn.IModule<Tensor, Tensor> module, string name) in modules.Zip(names))
                copy.append(name, (nn.IModule<Tensor, Tensor>)context.CopyPart(module, "." + name)!);
            ModuleCopier.CopyRegistrations((SharedSequential)original, copy, context);
            ModuleCopier.CopyState((SharedSequential)original, copy, context);
            return copy;
        }
    }
}
