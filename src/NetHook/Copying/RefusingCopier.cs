namespace NetHook;

/// <summary>For types of which no exact copy can be made.</summary>
internal sealed class RefusingCopier(string reason) : Copier
{
    internal override object Copy(object original, CopyContext context) => throw context.Refused(original.GetType(), reason);
}
