namespace NetHook;

/// <summary>Whom a hook tells of its layer's calls.</summary>
internal interface ICallSink
{
    /// <summary>Whether a call made now, by the calling code, is to be seen.</summary>
    bool Sees { get; }

    /// <summary>Takes over what a call left. May end the pass by an exception.</summary>
    void Record(object? input, object? output);

    /// <summary>Notes a call that was not to be seen.</summary>
    void Missed();
}
