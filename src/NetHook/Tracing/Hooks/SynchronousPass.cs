namespace NetHook;

/// <summary>Tells passes that are over when they return from those that only begin: hooks and stops are for the first.</summary>
internal static class SynchronousPass
{
    /// <exception cref="ArgumentException">The pass returns a task.</exception>
    public static void Require<T>(Func<T> forward)
    {
        if (!Kind<T>.IsTask)
            return;
        throw new ArgumentException(
            $"Run was given a function that returns a {TypeNames.Of(typeof(T))}, and the pass must be over when it returns: a stop would "
            + "end up in the task. Await what comes before and after outside of Run, and call the model inside.",
            nameof(forward));
    }

    // Found out once for each type of result, not at each pass.
    private static class Kind<T>
    {
        public static readonly bool IsTask = typeof(Task).IsAssignableFrom(typeof(T)) || typeof(T) == typeof(ValueTask)
            || (typeof(T).IsGenericType && typeof(T).GetGenericTypeDefinition() == typeof(ValueTask<>));
    }
}
