namespace NetHook.Tests;

/// <summary>
/// The short form of a run that is told in CONTRIBUTING.md: what takes a number gives the same each time, while other threads
/// allocate and the collector frees at once whatever nothing holds.
/// </summary>
public sealed class NumberStressTests
{
    public static TheoryData<string> Operations => [.. NumberOperations.All.Keys];

    [Theory]
    [MemberData(nameof(Operations))]
    public void Operation_gives_the_same_each_time(string operation) => Assert.Null(NumberOperations.Stress(NumberOperations.All[operation], rounds: 50, busyThreads: 1));

    [Fact]
    public void Run_finds_what_changes() => Assert.StartsWith("round 0 gave", NumberOperations.Stress(() => TorchSharp.torch.rand(3), rounds: 1, busyThreads: 1), StringComparison.Ordinal);

    [Fact]
    public void Run_finds_what_throws()
    {
        bool first = true;
        string? found = NumberOperations.Stress(
            () =>
            {
                if (!first)
                    throw new InvalidOperationException("Unknown scalar type.");
                first = false;
                return TorchSharp.torch.ones(3);
            },
            rounds: 1,
            busyThreads: 1);

        Assert.Equal("round 0 threw InvalidOperationException: Unknown scalar type.", found);
    }
}
