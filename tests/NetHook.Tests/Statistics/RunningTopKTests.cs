using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

public class RunningTopKTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Values_and_their_samples_are_those_of_all_samples_batched_or_merged(bool largest) => Samples.Check(Samples.Any(), samples =>
    {
        using RunningTopK batched = samples.AddTo(New()), merged = samples.Merge(New);
        long k = Math.Min(5, samples.All.shape[0]);
        Tensor expected = samples.All.t().sort(1, descending: largest).Values.narrow(1, 0, k);

        foreach (RunningTopK top in new[] { batched, merged })
        {
            TensorAssert.Same(expected, top.Values());

            // Of equal values any sample may be named, but each once.
            TensorAssert.Same(expected, samples.All.t().gather(1, top.Indices()));
            Assert.All(top.Indices().unbind(), row => Assert.Equal(k, row.data<long>().Distinct().Count()));
        }

        RunningTopK New() => new(5, largest);
    });

    [Fact]
    public void Samples_of_leading_dimensions_are_numbered_in_their_order()
    {
        using DisposeScope scope = NewDisposeScope();
        using var top = new RunningTopK(1);
        top.Add(zeros(2, 3, 1));
        top.Add(tensor(new float[] { 0, 0, 0, 0, 9, 0 }).view(2, 3, 1));

        Assert.Equal(6 + 4, top.Indices().item<long>());
    }

    [Fact]
    public void Lists_of_other_lengths_are_not_merged()
    {
        using RunningTopK a = new(5), b = new(5, largest: false);

        Messages.Same(
            "RunningTopK cannot be merged into RunningTopK: it keeps the 5 smallest values, this one the 5 largest. Nothing was added.",
            () => a.Merge(b));
    }

    [Fact]
    public void Fewer_than_one_value_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => new RunningTopK(0));
}
