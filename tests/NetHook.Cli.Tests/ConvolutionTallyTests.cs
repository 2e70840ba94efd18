using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Cli.Tests;

public sealed class ConvolutionTallyTests
{
    [Fact]
    public void Numbers_that_differ_by_rounding_are_right()
    {
        using DisposeScope scope = NewDisposeScope();
        var tally = new ConvolutionTally("forward");
        for (int round = 0; round < 3; round++)
            tally.Add("Conv2d", round, [tensor(new[] { 1f, 2f + (round * 1e-4f) })], [tensor(new[] { 1.0, 2.0 })]);

        Assert.Equal(new DoctorCheck("convolutions, forward", true, "finite, repeatable and right in 3 of 3 rounds"), tally.Check("convolutions"));
    }

    [Fact]
    public void Rounds_that_are_wrong_are_counted_by_how_and_by_kind()
    {
        using DisposeScope scope = NewDisposeScope();
        var tally = new ConvolutionTally("backward");
        float[][] rounds = [[1, 2], [1, float.NaN], [1, 3], [float.PositiveInfinity, 2]];
        for (int round = 0; round < rounds.Length; round++)
        {
            tally.Add("Conv1d", round, [tensor(new[] { 1f })], [tensor(new[] { 1.0 })]);
            tally.Add("Conv3d", round, [tensor(rounds[round])], [tensor(new[] { 1.0, 2.0 })]);
        }

        Assert.Equal(
            new DoctorCheck("convolutions, backward", false, "in 4 rounds, 2 with NaN or infinity, 3 unlike the first, 3 wrong: Conv3d"),
            tally.Check("convolutions"));
    }

    [Fact]
    public void The_same_wrong_number_each_time_is_wrong_and_not_unlike()
    {
        using DisposeScope scope = NewDisposeScope();
        var tally = new ConvolutionTally("forward");
        for (int round = 0; round < 2; round++)
            tally.Add("ConvTranspose2d", round, [tensor(new[] { 1f, 3f })], [tensor(new[] { 1.0, 2.0 })]);

        Assert.Equal("in 2 rounds, 0 with NaN or infinity, 0 unlike the first, 2 wrong: ConvTranspose2d", tally.Check("").Found);
    }
}
