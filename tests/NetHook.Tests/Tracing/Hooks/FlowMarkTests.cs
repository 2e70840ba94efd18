using System.Reflection;

namespace NetHook.Tests;

public class FlowMarkTests
{
    [Fact]
    public void Marks_that_have_ended_do_not_pile_up_in_a_long_flow()
    {
        var before = Length();
        var outer = Flow.Enter();
        for (var i = 0; i < 1000; i++)
        {
            var inner = Flow.Enter();

            // Ended where it cannot be taken off this flow's chain, as by a trace disposed in another task.
            using (ExecutionContext.SuppressFlow())
            {
                var thread = new Thread(inner.Exit);
                thread.Start();
                thread.Join();
            }
        }

        Assert.True(Length() <= before + 2, $"{Length()} marks");
        Assert.True(outer.IsCurrent);
        outer.Exit();
    }

    [Fact]
    public void TraceDict_that_could_not_be_made_leaves_no_mark()
    {
        using var net = Models.Small();
        var before = Length();
        Assert.Throws<ModuleNotFoundException>(() => new TraceDict(net, ["a", "nowhere"], new() { Scope = TraceScope.CurrentFlow }));
        Assert.Equal(before, Length());
    }

    private static int Length()
    {
        const BindingFlags Hidden = BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static;
        var current = (AsyncLocal<Flow?>)typeof(Flow).GetField("Current", Hidden)!.GetValue(null)!;
        var outer = typeof(Flow).GetField("_outer", Hidden)!;
        var length = 0;
        for (var flow = current.Value; flow is not null; flow = (Flow?)outer.GetValue(flow)) length++;
        return length;
    }
}
