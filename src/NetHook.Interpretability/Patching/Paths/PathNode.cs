using System.Globalization;

namespace NetHook.Interpretability;

/// <summary>An end of a path that is patched: an attention head or one of its inputs, an MLP, or the logits. Immutable.</summary>
/// <param name="Layer">The layer, from 0; null stands for the logits.</param>
/// <param name="Head">The head in the layer, from 0; null for an MLP, or the logits.</param>
/// <param name="Part">Of a head: its output as a sender, and its queries, keys or values as a receiver.</param>
public sealed record PathNode(int? Layer, int? Head, HeadPart Part = HeadPart.Output)
{
    /// <summary>The logits: what the model says in the end.</summary>
    public static PathNode Logits { get; } = new(null, null);

    /// <summary>An attention head: its output, or as a receiver one of its inputs.</summary>
    /// <param name="layer">The layer, from 0.</param>
    /// <param name="head">The head in the layer, from 0.</param>
    /// <param name="part">The part of it.</param>
    public static PathNode OfHead(int layer, int head, HeadPart part = HeadPart.Output) => new(layer, head, part);

    /// <summary>An MLP: its output as a sender, its input as a receiver.</summary>
    /// <param name="layer">The layer, from 0.</param>
    public static PathNode OfMlp(int layer) => new(layer, null);

    /// <summary>Reads a node as <see cref="ToString"/> writes it: "3.1", "5.0.q", "mlp.2", "logits".</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="FormatException">It is no node.</exception>
    public static PathNode Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] words = text.Split('.');
        int Number(string word) => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : throw Wrong(text);
        return words switch
        {
            ["logits"] => Logits,
            ["mlp", var layer] => OfMlp(Number(layer)),
            [var layer, var head] => OfHead(Number(layer), Number(head)),
            [var layer, var head, "q"] => OfHead(Number(layer), Number(head), HeadPart.Query),
            [var layer, var head, "k"] => OfHead(Number(layer), Number(head), HeadPart.Key),
            [var layer, var head, "v"] => OfHead(Number(layer), Number(head), HeadPart.Value),
            _ => throw Wrong(text),
        };
    }

    /// <summary>"3.1" for a head's output, "5.0.q" for its queries, "mlp.2", "logits".</summary>
    public override string ToString() => (Layer, Head) switch
    {
        (null, _) => "logits",
        (int layer, null) => FormattableString.Invariant($"mlp.{layer}"),
        (int layer, int head) => FormattableString.Invariant($"{layer}.{head}") + Part switch
        {
            HeadPart.Query => ".q",
            HeadPart.Key => ".k",
            HeadPart.Value => ".v",
            HeadPart.Pattern => ".pattern",
            _ => "",
        },
    };

    private static FormatException Wrong(string text) => new(
        $"\"{text}\" is no part of a model. Write LAYER.HEAD such as 3.1, LAYER.HEAD.q, .k or .v for what a head reads, mlp.LAYER, or logits.");
}
