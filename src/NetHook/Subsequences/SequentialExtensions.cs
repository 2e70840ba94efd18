using TorchSharp.Modules;
using static TorchSharp.torch;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>Takes parts of models built of <see cref="Sequential"/>.</summary>
public static class SequentialExtensions
{
    /// <summary>
    /// Takes the layers of a range, in the same nesting and under the same names. Layers may be named within nested Sequentials:
    /// <c>features.block3.conv</c>. Sequentials of which nothing is left are left out.
    /// </summary>
    /// <remarks>
    /// A Sequential subclass with a forward of its own is taken whole or not at all. Hooks on the Sequentials that are cut are not
    /// carried along; those on shared layers are the layers' own. Comes from nethook's <c>subsequence</c>.
    /// </remarks>
    /// <param name="sequential">The model. It stays as it is.</param>
    /// <param name="firstLayer">The layer with which the range begins.</param>
    /// <param name="lastLayer">The layer with which it ends.</param>
    /// <param name="afterLayer">The layer after which the range begins; not together with <paramref name="firstLayer"/>.</param>
    /// <param name="uptoLayer">The layer before which it ends; not together with <paramref name="lastLayer"/>.</param>
    /// <param name="singleLayer">The only layer; not together with any other.</param>
    /// <param name="shareWeights">
    /// Whether the layers are the model's own, instead of exact copies (see <see cref="ModuleExtensions.DeepCopy{T}(T)"/>). They stay the model's to
    /// dispose: disposing the subsequence leaves them alive. What is done to the subsequence, <c>train()</c> or <c>to()</c> for instance, is done to them.
    /// </param>
    /// <returns>
    /// The part, which is the caller's to dispose: empty if the range is, and all of the model if nothing limits it.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// The range is inverted, limits contradict each other, a limit lies within something other than Sequentials or a Sequential whose output
    /// is edited (see <see cref="ModuleExtensions.WithEdit{T}"/>), or all of a Sequential with a forward of its own is to be shared.
    /// </exception>
    /// <exception cref="ModuleNotFoundException">There is no layer of a name given.</exception>
    /// <exception cref="ModuleCopyException">A layer is to be copied and cannot be copied exactly.</exception>
    public static Sequential Subsequence(
        this Sequential sequential,
        string? firstLayer = null,
        string? lastLayer = null,
        string? afterLayer = null,
        string? uptoLayer = null,
        string? singleLayer = null,
        bool shareWeights = false)
    {
        ArgumentNullException.ThrowIfNull(sequential);
        if (singleLayer is not null && (firstLayer ?? lastLayer ?? afterLayer ?? uptoLayer) is { } other)
            throw new ArgumentException($"A single layer, '{singleLayer}', is a whole range: '{other}' cannot limit it.");

        if (shareWeights && !SequentialLeaves.CanBeCut(sequential) && (singleLayer ?? firstLayer ?? lastLayer ?? afterLayer ?? uptoLayer) is null)
            throw new ArgumentException($"All of a {TypeNames.Of(sequential)}, which has a forward of its own, can be copied; to share it, use the model itself.");

        string[]? Split(string? name) => name is null ? null : SequentialLeaves.Split(sequential, name);
        return (Sequential)sequential.HierarchicalSubsequence(
            Split(singleLayer ?? firstLayer), Split(singleLayer ?? lastLayer), Split(afterLayer), Split(uptoLayer), shareWeights)!;
    }

    /// <summary>Takes the layers of a range, as <see cref="Subsequence"/> does, where each limit is given as one name a step.</summary>
    /// <param name="sequential">The model, or the module at the first <paramref name="depth"/> steps of the limits.</param>
    /// <param name="first">The path of the layer with which the range begins, or null.</param>
    /// <param name="last">The path of the layer with which it ends, or null.</param>
    /// <param name="after">The path of the layer after which the range begins, or null; not together with <paramref name="first"/>.</param>
    /// <param name="upto">The path of the layer before which it ends, or null; not together with <paramref name="last"/>.</param>
    /// <param name="shareWeights">Whether the layers are the model's own, instead of exact copies; see <see cref="Subsequence"/>.</param>
    /// <param name="depth">How many steps of each limit lead to <paramref name="sequential"/> and are passed over.</param>
    /// <returns>
    /// The part, which is the caller's to dispose; null where <paramref name="depth"/> is above zero and nothing is selected. Without any limit, a copy of the module,
    /// or, shared, what stands for it: the module itself if it is no Sequential or one with a forward of its own, which is then not to be disposed.
    /// </returns>
    /// <exception cref="ArgumentException">The range is inverted, limits contradict each other, or a limit lies within something other than Sequentials.</exception>
    /// <exception cref="ModuleNotFoundException">There is no layer of a name given.</exception>
    /// <exception cref="ModuleCopyException">A layer is to be copied and cannot be copied exactly.</exception>
    public static Module? HierarchicalSubsequence(
        this Module sequential,
        string[]? first,
        string[]? last,
        string[]? after,
        string[]? upto,
        bool shareWeights = false,
        int depth = 0)
    {
        ArgumentNullException.ThrowIfNull(sequential);
        ArgumentOutOfRangeException.ThrowIfNegative(depth);
        if (first is null && last is null && after is null && upto is null && !(shareWeights && SequentialLeaves.CanBeCut(sequential)))
            return shareWeights ? sequential : sequential.DeepCopy();

        string[]? Below(string[]? path) => path?[Math.Min(depth, path.Length)..];
        var range = LayerRange.Between(sequential, Below(first), Below(after), Below(last), Below(upto));
        if (!SequentialLeaves.CanBeCut(sequential) && range.First < range.End)
            return shareWeights ? sequential : sequential.DeepCopy();
        if (depth > 0 && range.First == range.End)
            return null;
        return shareWeights
            ? new SubsequenceBuilder(null).Cut((Sequential)sequential, range)
            : CopyContext.Run(sequential.GetType(), context => new SubsequenceBuilder(context).Cut((Sequential)sequential, range));
    }
}
