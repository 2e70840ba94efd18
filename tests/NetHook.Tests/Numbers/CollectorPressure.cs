namespace NetHook.Tests;

/// <summary>Threads that allocate, and one that collects without end: until it is disposed, what nothing holds is freed at once.</summary>
internal sealed class CollectorPressure : IDisposable
{
    private readonly List<Thread> _threads = [];
    private volatile bool _over;

    public CollectorPressure(int busyThreads)
    {
        for (int i = 0; i < busyThreads; i++)
            Start(Allocate);
        Start(Collect);
    }

    public void Dispose()
    {
        _over = true;
        foreach (Thread thread in _threads)
            thread.Join();
    }

    private void Start(ThreadStart work)
    {
        var thread = new Thread(work) { IsBackground = true };
        thread.Start();
        _threads.Add(thread);
    }

    private void Allocate()
    {
        for (int i = 0; !_over; i++)
            GC.KeepAlive(new byte[64 + (i % 4096)]);
    }

    private void Collect()
    {
        while (!_over)
        {
            GC.Collect(0);
            Thread.Sleep(0);
        }
    }
}
