using System.Reflection;
using TorchSharp.Modules;

namespace NetHook.Tests;

public class FlowMarkTests
{
    [Fact]
    public void Marks_that_have_ended_do_not_pile_up_in_a_long_flow()
    {
        int before = Length();
        var outer = Flow.Enter();
        for (int i = 0; i < 1000; i++)
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
        using Sequential net = Models.Small();
        int before = Length();
        Assert.Throws<ModuleNotFoundException>(() => new TraceDict(net, ["a", "nowhere"], new() { Scope = TraceScope.CurrentFlow }));
        Assert.Equal(before, Length());
    }

    private static int Length()
    {
        const BindingFlags Hidden = BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static;
        var current = (AsyncLocal<Flow?>)typeof(Flow).GetField("Current", Hidden)!.GetValue(null)!;
        FieldInfo outer = typeof(Flow).GetField("_outer", Hidden)!;
        int length = 0;
        for (Flow? flow = current.Value; flow is not null; flow = (Flow?)outer.GetValue(flow))
            length++;
        return length;
    }
}
