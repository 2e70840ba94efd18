using System.Globalization;

namespace NetHook.Interpretability;

/// <summary>A place in a text from which its tokens can be read as if it had been read from the beginning.</summary>
/// <param name="Bytes">Where to begin reading.</param>
/// <param name="Context">How many characters from there on only say how those behind them are cut into tokens.</param>
/// <param name="Tokens">How many tokens come before the first one behind those characters.</param>
internal readonly record struct TokenPosition(long Bytes, int Context, long Tokens)
{
    /// <summary>Reads what <see cref="ToString"/> writes; null if it is something else.</summary>
    public static TokenPosition? Parse(string text) =>
        text.Split(' ') is [var bytes, var context, var tokens] && long.TryParse(bytes, NumberStyles.None, CultureInfo.InvariantCulture, out long b)
            && int.TryParse(context, NumberStyles.None, CultureInfo.InvariantCulture, out int c) && c <= TokenStream.MostContext + 1
            && long.TryParse(tokens, NumberStyles.None, CultureInfo.InvariantCulture, out long t) ? new(b, c, t) : null;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Bytes} {Context} {Tokens}");
}
