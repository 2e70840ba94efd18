namespace NetHook.Internal;

/// <summary>Tells passes that are over when they return from those that only begin: hooks and stops are for the first.</summary>
internal static class SynchronousPass
{
    /// <exception cref="ArgumentException">The pass returns a task.</exception>
    public static void Require<T>(Func<T> forward)
    {
        if (!IsTask(typeof(T))) return;
        throw new ArgumentException(
            $"Run was given a function that returns a {TypeNames.Of(typeof(T))}, and the pass must be over when it returns: a stop would "
            + "end up in the task. Await what comes before and after outside of Run, and call the model inside.",
            nameof(forward));
    }

    private static bool IsTask(Type type) => typeof(Task).IsAssignableFrom(type) || type == typeof(ValueTask)
        || (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ValueTask<>));
}
