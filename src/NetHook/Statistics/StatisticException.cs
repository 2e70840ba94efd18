namespace NetHook;

/// <summary>A statistic was asked for by a text that <see cref="StatisticKind"/> does not read.</summary>
public sealed class StatisticException : ArgumentException
{
    internal StatisticException(string asked, string message, Exception? inner = null)
        : base(message, inner) => Asked = asked;

    /// <summary>The text, such as <c>quantiles:x</c>.</summary>
    public string Asked { get; }
}
