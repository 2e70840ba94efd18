using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>What is kept is freed exactly once, also where passes, readers, Clear and Dispose cross each other.</summary>
public class CaptureStoreTests
{
    private static CaptureStore Store(bool history) => CaptureStore.For(history ? CallHistory.LastOf(2) : CallHistory.Last, keeps: true);

    private static Tensor Read(CaptureStore store) =>
        store.TryRead(CaptureStore.Latest, static (kept, _) => ((Tensor)kept.Output!).alias(), 0, out Tensor? read) ? read! : throw new LayerHasNothing();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_a_pass_stores_after_the_trace_was_disposed_is_freed_at_once(bool history)
    {
        CaptureStore store = Store(history);
        store.Close();
        for (int i = 0; i < 3; i++)
        {
            Tensor late = ones(1);
            store.Add(null, late);
            Assert.True(late.IsInvalid);
        }

        Assert.Throws<LayerHasNothing>(() => Read(store));
        Assert.Empty(store.Kept.Numbers);
    }

    [Theory]
    [InlineData(false, "store")]
    [InlineData(false, "clear")]
    [InlineData(false, "close")]
    public void What_is_replaced_while_it_is_read_is_freed_by_the_reader(bool history, string by)
    {
        CaptureStore store = Store(history);
        (Tensor old, Tensor young) = (ones(1), ones(2));
        store.Add(null, old);
        store.TryRead(
            CaptureStore.Latest,
            (kept, _) =>
            {
                if (by == "store")
                    store.Add(null, young);
                if (by == "clear")
                    store.Clear();
                if (by == "close")
                    store.Close();
                Assert.False(((Tensor)kept.Output!).IsInvalid);
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
        store.Add(null, last);
        Assert.Equal(by == "close", last.IsInvalid);
    }

    [Fact]
    public void Two_readers_and_a_pass_between_them_keep_the_newest()
    {
        CaptureStore store = Store(history: false);
        (Tensor first, Tensor second, Tensor third) = (ones(1), ones(2), ones(3));
        store.Add(null, first);
        store.TryRead(
            CaptureStore.Latest,
            (_, _) =>
            {
                store.Add(null, second);
                return store.TryRead(
                    CaptureStore.Latest,
                    (_, _) =>
                    {
                        store.Add(null, third);
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
