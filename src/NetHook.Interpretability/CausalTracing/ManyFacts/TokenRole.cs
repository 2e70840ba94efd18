namespace NetHook.Interpretability;

/// <summary>
/// The role of a token in its prompt, as figure 2 of Meng et al. 2022 groups tokens. A token may have several roles: the one token of a subject is
/// its first and its last.
/// </summary>
public enum TokenRole
{
    /// <summary>The first token of the subject.</summary>
    FirstSubject,

    /// <summary>The tokens of the subject between its first and its last.</summary>
    MiddleSubject,

    /// <summary>The last token of the subject.</summary>
    LastSubject,

    /// <summary>The token behind the subject.</summary>
    FirstSubsequent,

    /// <summary>The tokens between that and the last.</summary>
    Further,

    /// <summary>The last token of the prompt.</summary>
    Last,
}
