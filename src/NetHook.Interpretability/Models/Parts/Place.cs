using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook.Interpretability;

/// <summary>
/// A named place inside of another layer: it returns what it is given, so that a trace can read and edit what passes there.
/// It has no parameters, and is in no checkpoint.
/// </summary>
internal class Place(string name = nameof(Place)) : Module<Tensor, Tensor>(name)
{
    /// <summary>Whether something is attached here that a pass must reach: a trace, or any hook of TorchSharp's own.</summary>
    public bool IsWatched => pre_hooks.Count + post_hooks.Count + module_pre_hooks.Count + module_post_hooks.Count > 0;

    /// <summary>Whether a pass may leave this layer out and nobody can tell. A layer that took its place may not be left out.</summary>
    public static bool MayBeLeftOut(Module<Tensor, Tensor> layer) => layer is Place { IsWatched: false, ChangesNothing: true };

    public override Tensor forward(Tensor input) => input;

    protected virtual bool ChangesNothing => true;
}

/// <summary>Drops elements at random when training, and is a place for traces at all times.</summary>
internal sealed class Dropout(double rate) : Place(nameof(Dropout))
{
    protected override bool ChangesNothing => rate == 0 || !training;

    public override Tensor forward(Tensor input) => ChangesNothing ? input : functional.dropout(input, rate, training);
}
