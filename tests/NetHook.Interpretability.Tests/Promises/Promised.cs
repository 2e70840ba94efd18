namespace NetHook.Interpretability.Tests;

/// <summary>An operation of the table.</summary>
/// <param name="Member">Its text, as <see cref="PublicOperations"/> gives it.</param>
/// <param name="Prepare">Makes what the operation needs, which the subject keeps, and returns the call. What the call makes, it disposes.</param>
/// <param name="Bad">Calls that cannot be.</param>
internal sealed record Promised(string Member, Func<PromiseSubject, Action<CancellationToken>> Prepare, params Action<PromiseSubject>[] Bad);
