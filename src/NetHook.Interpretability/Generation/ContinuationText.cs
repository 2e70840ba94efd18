namespace NetHook.Interpretability;

/// <summary>
/// The text of tokens that follow a prompt, given out as far as it is settled: a character whose bytes are spread over tokens waits
/// for the last of them, and what may be the beginning of a stop string for what follows.
/// </summary>
internal sealed class ContinuationText(Tokenizer tokenizer, IReadOnlyList<int> prompt, IReadOnlyList<string> stops)
{
    private const char Unfinished = '\ufffd';

    private readonly List<int> _added = [];
    private readonly int _longestStop = stops.Select(stop => stop.Length).DefaultIfEmpty(0).Max();
    private string _given = "";
    private int _settledTokens;

    /// <summary>Whether a stop string was reached.</summary>
    public bool HasStopped { get; private set; }

    /// <summary>Whether all text of the tokens was given out.</summary>
    public bool IsSettled { get; private set; } = true;

    /// <summary>Adds a token, and gives what is settled now.</summary>
    public string Add(int id)
    {
        // The model may know more ids than the tokenizer; these have no text.
        if (tokenizer.Knows(id))
            _added.Add(id);
        string all = tokenizer.DecodeContinuation(prompt, _added);
        int stop = FirstStop(all);
        HasStopped = stop >= 0;
        int settled = HasStopped ? stop : Settled(all);
        IsSettled = HasStopped || settled == all.Length;
        return Give(all, settled);
    }

    /// <summary>Gives what is left, since no token follows.</summary>
    public string End()
    {
        if (IsSettled)
            return "";
        string all = tokenizer.DecodeContinuation(prompt, _added);
        return Give(all, all.Length);
    }

    private string Give(string all, int settled)
    {
        bool goesOn = all.StartsWith(_given, StringComparison.Ordinal);
        string text = goesOn && settled > _given.Length ? all[_given.Length..settled] : "";
        if (!goesOn && settled == all.Length)
        {
            // Bytes are decoded together, and one that came later spoiled the character of those before: what was given stays.
            text = tokenizer.Decode(_added[_settledTokens..]);
            (_given, goesOn) = (all, true);
        }

        if (goesOn && settled == all.Length)
            _settledTokens = _added.Count;
        if (goesOn && settled > _given.Length)
            _given = all[..settled];
        return text;
    }

    private int FirstStop(string all)
    {
        int from = Math.Clamp(_given.Length - _longestStop, 0, all.Length);
        return stops.Select(stop => all.IndexOf(stop, from, StringComparison.Ordinal)).Where(at => at >= 0).DefaultIfEmpty(-1).Min();
    }

    private int Settled(string all)
    {
        int settled = all.AsSpan().TrimEnd(Unfinished).Length;
        for (int length = Math.Min(_longestStop - 1, settled); length > 0; length--)
        {
            string end = all.Substring(settled - length, length);
            if (stops.Any(stop => stop.Length > length && stop.StartsWith(end, StringComparison.Ordinal)))
                return settled - length;
        }

        return settled;
    }
}
