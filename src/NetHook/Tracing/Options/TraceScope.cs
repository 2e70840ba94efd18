namespace NetHook;

/// <summary>Which calls of a layer a <see cref="Trace"/> sees.</summary>
public enum TraceScope
{
    /// <summary>Every call, whatever thread or request makes it. This is PyTorch's meaning, and the default.</summary>
    AllCalls,

    /// <summary>
    /// Only calls made by code that flows from where the trace was made, as <see cref="AsyncLocal{T}"/> flows: the
    /// same method, what it calls and awaits, and the tasks and threads that it starts after making the trace. Calls
    /// made by other requests on the same model are neither captured, edited nor stopped.
    /// </summary>
    /// <remarks>
    /// A trace made inside an <c>async</c> method is not seen by its caller after the method has returned, and work
    /// that was queued with the flow suppressed (<see cref="ExecutionContext.SuppressFlow"/>) belongs to no flow.
    /// </remarks>
    CurrentFlow,
}
