namespace NetHook.Tests;

/// <summary>Error messages are part of the product: they are approved as exact text.</summary>
internal static class Messages
{
    public static void Same(string expected, Func<object?> act) => Same(expected, () => { act(); });

    public static void Same(string expected, Action act)
    {
        Exception thrown = Assert.ThrowsAny<Exception>(act);
        Assert.Equal(expected, thrown.Message);
    }
}
