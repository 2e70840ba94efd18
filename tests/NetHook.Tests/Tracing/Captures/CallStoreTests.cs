using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>What is kept is freed exactly once, also where passes, readers, Clear and Dispose cross each other.</summary>
public class CallStoreTests
{
    private static CallStore Store(bool history) => CallStore.For(history ? CallHistory.LastOf(2) : CallHistory.Last);

    private static Tensor Read(CallStore store) =>
        store.TryRead(CallStore.Latest, static (kept, _) => ((Tensor)kept).alias(), 0, out Tensor? read) ? read! : throw new LayerHasNothing();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_a_pass_stores_after_the_trace_was_disposed_is_freed_at_once(bool history)
    {
        CallStore store = Store(history);
        store.Close();
        for (int i = 0; i < 3; i++)
        {
            Tensor late = ones(1);
            store.Store(i, late);
            Assert.True(late.IsInvalid);
        }

        Assert.Throws<LayerHasNothing>(() => Read(store));
        Assert.Empty(store.Calls(2));
    }

    [Theory]
    [InlineData(false, "store")]
    [InlineData(false, "clear")]
    [InlineData(false, "close")]
    public void What_is_replaced_while_it_is_read_is_freed_by_the_reader(bool history, string by)
    {
        CallStore store = Store(history);
        (Tensor old, Tensor young) = (ones(1), ones(2));
        store.Store(0, old);
        store.TryRead(
            CallStore.Latest,
            (kept, _) =>
            {
                if (by == "store")
                    store.Store(1, young);
                if (by == "clear")
                    store.Clear();
                if (by == "close")
                    store.Close();
                Assert.False(((Tensor)kept).IsInvalid);
                return 0;
            },
            0,
            out int _);
        Assert.True(old.IsInvalid);
        if (by == "store")
            Assert.Equal(2, Read(store).numel());
        else
            Assert.Throws<LayerHasNothing>(() => Read(store));

        Tensor last = ones(3);
        store.Store(2, last);
        Assert.Equal(by == "close", last.IsInvalid);
    }

    [Fact]
    public void Two_readers_and_a_pass_between_them_keep_the_newest()
    {
        CallStore store = Store(history: false);
        (Tensor first, Tensor second, Tensor third) = (ones(1), ones(2), ones(3));
        store.Store(0, first);
        store.TryRead(
            CallStore.Latest,
            (_, _) =>
            {
                store.Store(1, second);
                return store.TryRead(
                    CallStore.Latest,
                    (_, _) =>
                    {
                        store.Store(2, third);
                        return 0;
                    },
                    0,
                    out int _);
            },
            0,
            out bool _);
        Assert.True(first.IsInvalid);
        Assert.True(second.IsInvalid);
        Assert.Equal(3, Read(store).numel());
    }

    private sealed class LayerHasNothing : Exception;
}
