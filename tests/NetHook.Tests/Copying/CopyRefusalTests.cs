using System.Text;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

public class CopyRefusalTests
{
    [Fact]
    public void A_stream_is_refused_where_it_is()
    {
        using Sequential model = nn.Sequential(("a", nn.Linear(2, 2)), ("b", new Holder { Things = [null, Stream.Null] }));

        ModuleCopyException refused = Assert.Throws<ModuleCopyException>(() => model.DeepCopy());

        Assert.Equal(
            "Sequential cannot be copied exactly: Sequential._modules[1].Things[1] is a NullStream, and NetHook does not know how .NET's objects of this type "
            + "are copied. To have it copied your way, or shared, register a copier: ModuleCopiers.Register<Stream>((original, context) => ...).",
            refused.Message);
        Assert.Equal((typeof(Sequential), "._modules[1].Things[1]", Stream.Null.GetType()), (refused.ModelType, refused.Place, refused.ObstacleType));
    }

    [Fact]
    public void An_object_with_a_finalizer_is_refused() =>
        Refused(new Finalized(), ".Thing", "it has a finalizer, so it owns something that a copy would free once more");

    [Fact]
    public void A_handle_of_something_outside_is_refused() =>
        Refused(new OwnsHandle(), ".Thing", "its field '_handle' is a handle of something outside .NET");

    [Fact]
    public void A_trace_in_a_field_is_refused()
    {
        using Sequential traced = Models.Small();
        using var trace = new Trace(traced, "a");
        Refused(trace, ".Thing", "it is attached to the original");
    }

    [Fact]
    public void An_optimizer_is_refused()
    {
        using Parameter parameter = nn.Parameter(randn(2));
        Refused(optim.SGD([parameter], 0.1), ".Thing", "it works on the parameters of the original");
    }

    [Fact]
    public void A_compiled_expression_is_refused()
    {
        using Linear captured = nn.Linear(2, 2);
        System.Linq.Expressions.Expression<Func<Tensor>> expression = () => captured.weight;
        Refused(expression.Compile(), ".Thing", "NetHook does not know how .NET's objects of this type are copied");
    }

    [Fact]
    public void A_result_of_a_forward_pass_is_refused()
    {
        using Tensor weight = ones(2, requires_grad: true);
        using Tensor result = weight * 2;
        Refused(
            result, ".Thing", "it is a result within an autograd graph, of which a copy cannot be a part; keep it detached, or set it to null first");
    }

    [Fact]
    public void A_disposed_module_is_refused()
    {
        Conv1d linear = nn.Conv1d(1, 1, 1);
        var holder = new Holder { Thing = linear };
        using Sequential sequential = nn.Sequential(("a", nn.Sequential()));
        ((Sequential)sequential[0]).Dispose();

        ModuleCopyException refused = Assert.Throws<ModuleCopyException>(() => sequential.DeepCopy());

        Assert.Equal(("it is disposed", "._modules[0]"), (refused.Reason, refused.Place));
    }

    [Fact]
    public void Settings_that_cannot_be_observed_are_named()
    {
        using LSTM rate = nn.LSTM(2, 3, 2, dropout: 0.123456);
        Refused(rate, "", "its dropout rate cannot be observed exactly");
        using LSTM imprecise = nn.LSTM(2, 3, 2, dropout: 0.25, dtype: bfloat16);
        Refused(imprecise, "", "its dropout rate cannot be observed exactly");
        using RNNCell cell = nn.RNNCell(2, 3, bias: false);
        using (no_grad())
        {
            cell.weight_ih!.zero_();
            cell.weight_hh!.zero_();
        }

        Refused(cell, "", "its nonlinearity cannot be observed, its weights being zero");
        using MultiheadAttention attention = nn.MultiheadAttention(4, 2);
        using (no_grad())
            attention.get_parameter("in_proj_weight")!.zero_();
        Refused(attention, "", "its number of heads cannot be observed, since it attends to everything alike");
        using MultiheadAttention both = nn.MultiheadAttention(4, 2, add_bias_kv: true, add_zero_attn: true);
        Refused(both, "", "its dropout rate cannot be observed exactly");
        using Embedding contradictory = nn.Embedding(3, 2, scale_grad_by_freq: true, sparse: true);
        Refused(
            contradictory, "",
            "it cannot be run to observe its settings: embedding_backward: scale_grad_by_freq not supported with sparse gradients");
    }

    [Fact]
    public void An_embedding_bag_that_cannot_be_run_keeps_its_weight()
    {
        using EmbeddingBag bag = nn.EmbeddingBag(4, 2, mode: EmbeddingBagMode.Max, sparse: true);
        List<string> before = ExactCopy.Describe(bag);

        Assert.Equal(
            "it cannot be run to observe its settings: max mode does not support sparse weights",
            Assert.Throws<ModuleCopyException>(() => bag.DeepCopy()).Reason);

        Assert.Equal([4, 2], bag.weight!.shape);
        Assert.Equal(before, ExactCopy.Describe(bag));
    }

    [Fact]
    public void A_disposed_tensor_is_no_obstacle()
    {
        Tensor tensor = randn(2);
        tensor.Dispose();
        using var model = new Holder { Thing = tensor };
        using Holder copy = model.DeepCopy();
        Assert.True(((Tensor)copy.Thing!).IsInvalid);
    }

    [Fact]
    public void What_never_changes_is_shared()
    {
        object[] things = [new Version(1, 2), "text", Encoding.UTF8, typeof(int), CPU, new Frozen("a", 3)];
        using var model = new Holder { Things = things };
        using Holder copy = model.DeepCopy();
        Assert.NotSame(things, copy.Things);
        Assert.All(things.Zip(copy.Things!), pair => Assert.Same(pair.First, pair.Second));
    }

    private static void Refused(object thing, string place, string reason)
    {
        using nn.Module model = thing as nn.Module ?? new Holder { Thing = thing };
        ModuleCopyException refused = Assert.Throws<ModuleCopyException>(() => model.DeepCopy());
        Assert.StartsWith(place, refused.Place, StringComparison.Ordinal);
        Assert.Equal(reason, refused.Reason);
    }

    private sealed class Holder : nn.Module<Tensor, Tensor>
    {
        public Holder()
            : base(nameof(Holder))
        {
        }

        public object? Thing { get; init; }

        public object?[]? Things { get; init; }

        public override Tensor forward(Tensor input) => input.alias();
    }

    private sealed record Frozen(string Text, int Number);

    private sealed class Finalized
    {
        ~Finalized()
        {
        }
    }

    private sealed class OwnsHandle : IDisposable
    {
        private nint _handle = 3;

        public void Dispose() => _handle--;
    }
}
