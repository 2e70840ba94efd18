namespace NetHook.Cli;

/// <summary>What <c>nethook doctor</c> found. The property names are those of its JSON.</summary>
/// <param name="Ok">Whether every check is.</param>
/// <param name="Checks">The checks, in the order in which they were made.</param>
internal sealed record DoctorReport(bool Ok, IReadOnlyList<DoctorCheck> Checks);

/// <summary>One line of a <see cref="DoctorReport"/>.</summary>
/// <param name="Check">What was looked at.</param>
/// <param name="Ok">Whether it is as it should be.</param>
/// <param name="Found">What is there.</param>
/// <param name="Advice">What to do; null if nothing.</param>
internal sealed record DoctorCheck(string Check, bool Ok, string Found, string? Advice = null);
