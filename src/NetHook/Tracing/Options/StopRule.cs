namespace NetHook;

/// <summary>When a <see cref="TraceDict"/> with <see cref="TraceOptions.Stop"/> ends the forward pass.</summary>
public enum StopRule
{
    /// <summary>
    /// After the layer that was listed last, even if another listed layer would have run later. This is nethook's
    /// meaning, and the default.
    /// </summary>
    LastListed,

    /// <summary>
    /// As soon as every listed layer has run, in whatever order the model runs them. Counting begins anew with
    /// <see cref="TraceDict.Run(Action)"/>, with <see cref="TraceDict.Clear"/> and with each stop. Run passes inside
    /// <see cref="TraceDict.Run(Action)"/>: outside of it, a pass that ended by an exception goes on counting in the next.
    /// </summary>
    AllListed,
}
