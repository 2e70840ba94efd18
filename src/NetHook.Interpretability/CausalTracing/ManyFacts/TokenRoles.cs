namespace NetHook.Interpretability;

/// <summary>Which tokens have which role.</summary>
internal static class TokenRoles
{
    public static IReadOnlyList<TokenRole> All { get; } = Enum.GetValues<TokenRole>();

    /// <summary>"Last subject token", as the paper's figures have it.</summary>
    public static string NameOf(TokenRole role) => role switch
    {
        TokenRole.FirstSubject => "First subject token",
        TokenRole.MiddleSubject => "Middle subject tokens",
        TokenRole.LastSubject => "Last subject token",
        TokenRole.FirstSubsequent => "First subsequent token",
        TokenRole.Further => "Further tokens",
        _ => "Last token",
    };

    /// <summary>The positions of a role, none if no token has it.</summary>
    /// <param name="role">The role.</param>
    /// <param name="subject">The positions of the subject.</param>
    /// <param name="tokens">How many tokens the prompt has.</param>
    public static IEnumerable<int> Positions(TokenRole role, Range subject, int tokens)
    {
        (int first, int length) = subject.GetOffsetAndLength(tokens);
        int behind = first + length;
        (int from, int to) = role switch
        {
            TokenRole.FirstSubject => (first, first + 1),
            TokenRole.MiddleSubject => (first + 1, behind - 1),
            TokenRole.LastSubject => (behind - 1, behind),
            TokenRole.FirstSubsequent => (behind, Math.Min(behind + 1, tokens)),
            TokenRole.Further => (behind + 1, tokens - 1),
            _ => (tokens - 1, tokens),
        };
        return Enumerable.Range(from, Math.Max(0, to - from));
    }
}
