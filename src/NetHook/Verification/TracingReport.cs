using System.Globalization;

namespace NetHook;

/// <summary>Says of each layer of a model how much traces saw of it in one forward pass: the result of <see cref="ModuleExtensions.VerifyTracing(TorchSharp.torch.nn.Module, Action)"/>.</summary>
public sealed class TracingReport
{
    private static readonly (LayerVisibility Visibility, string Words)[] Order =
    [
        (LayerVisibility.Seen, "seen"),
        (LayerVisibility.RunByForward, "run by forward()"),
        (LayerVisibility.InNativeCode, "inside native code"),
        (LayerVisibility.Holder, "holding others"),
        (LayerVisibility.NotReached, "not reached"),
    ];

    internal TracingReport(IReadOnlyList<VerifiedLayer> layers) => Layers = layers;

    /// <summary>Every layer, in the order of the model, the model itself first. A layer that is shared is there once for each path.</summary>
    public IReadOnlyList<VerifiedLayer> Layers { get; }

    /// <summary>Whether no layer was found to run without its hooks.</summary>
    public bool AllSeen => Count(LayerVisibility.RunByForward) == 0 && Count(LayerVisibility.InNativeCode) == 0;

    /// <summary>The counts in one line: "5 layers: 3 seen, 1 run by forward(), 0 inside native code, 1 holding others, 0 not reached".</summary>
    public string Summary =>
        $"{Number(Layers.Count)} {(Layers.Count == 1 ? "layer" : "layers")}: {string.Join(", ", Order.Select(kind => $"{Number(Count(kind.Visibility))} {kind.Words}"))}";

    /// <summary>How many layers there are of a kind.</summary>
    /// <param name="visibility">The kind.</param>
    /// <returns>The number, paths of shared layers counted each.</returns>
    public int Count(LayerVisibility visibility) => Layers.Count(layer => layer.Visibility == visibility);

    /// <summary>The counts, a line for each layer, and what to do about layers that are run by <c>forward()</c>.</summary>
    /// <returns>Several lines, without one at the end.</returns>
    public override string ToString()
    {
        int path = Layers.Max(layer => Shown(layer).Length);
        int type = Layers.Max(layer => TypeNames.Of(layer.Type).Length);
        IEnumerable<string> lines = Layers.Select(layer => $"{Shown(layer).PadRight(path)}  {TypeNames.Of(layer.Type).PadRight(type)}  {layer.Says}");
        return string.Join('\n', [Summary, "", .. lines, .. Advice()]);
    }

    private static string Shown(VerifiedLayer layer) => layer.Path.Length == 0 ? "(the model)" : layer.Path;

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    // Once for each assembly: of many layers, all but a few are run by the code of one.
    private IEnumerable<string> Advice()
    {
        string[] advice =
        [
            .. Layers.Select(layer => layer.ForwardCall).OfType<ForwardCall>()
                .Select(call => RewriteAdvice.ForAll(call.Method.Module.Assembly, call.HasCall)).Distinct(),
        ];
        return advice.Length == 0 ? [] : ["", .. advice];
    }
}
