using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace NetHook.Cli.Tests;

public sealed class MessageTests
{
    [Fact]
    public void Failure_of_libtorch_is_said_without_its_stack()
    {
        ExternalException e = Assert.ThrowsAny<ExternalException>(() => ones(2) + ones(3));

        Assert.Contains("Exception raised from", e.Message, StringComparison.Ordinal);
        Assert.Equal("The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0", Tool.Message(e));
    }

    [Fact]
    public void Memory_that_is_not_there_is_said_without_a_stack()
    {
        string message = Tool.Message(Assert.ThrowsAny<ExternalException>(() => empty(1L << 60)));

        Assert.Contains("memory", message, StringComparison.Ordinal);
        Assert.DoesNotContain("frame #", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_of_the_librarys_parameters_are_left_out() =>
        Assert.Equal("It is too long.", Tool.Message(new ArgumentException("It is too long.", "prompt")));
}
