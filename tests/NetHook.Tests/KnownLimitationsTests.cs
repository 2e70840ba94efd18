using System.Reflection;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>
/// What cannot be done, as docs/limitations.md says it. When one of these fails because it can be done now, the page is wrong.
/// </summary>
public class KnownLimitationsTests
{
    [Fact]
    public void Operation_that_is_no_module_is_not_seen()
    {
        using var net = new FunctionalRelu();
        nn.init.constant_(net.linear.bias!, -10);
        using var trace = new Trace(net, "linear");
        Tensor output = net.call(full(1, 3, -1f));
        Assert.Equal(["linear"], net.ModuleNames());
        Assert.True(trace.Output.lt(0).any().ToBoolean());
        Assert.False(output.lt(0).any().ToBoolean());
    }

    [Fact]
    public void Parts_of_native_modules_are_not_there_to_be_traced()
    {
        using TransformerEncoderLayer encoder = nn.TransformerEncoderLayer(4, 2);
        using MultiheadAttention attention = nn.MultiheadAttention(4, 2);
        Assert.Empty(encoder.ModuleNames());
        Assert.Empty(attention.ModuleNames());
        Assert.Throws<ModuleNotFoundException>(() => new Trace(encoder, "self_attn"));
    }

    [Fact]
    public void Calls_that_TorchSharp_sends_round_the_hooks_are_not_seen_and_the_message_says_which()
    {
        const string notRun =
            "has not run since the trace was made or cleared. Either no forward pass reached it, or it was run "
            + "where hooks are not seen: they run through call(), not through forward(), and not inside native or scripted modules.";

        using TransformerEncoderLayer encoder = nn.TransformerEncoderLayer(4, 2);
        Unseen(encoder, () => encoder.call(randn(3, 1, 4), zeros(3, 3)),
            $"Layer '' (the model itself, TransformerEncoderLayer) {notRun} TransformerEncoderLayer.call(src) runs hooks, its overloads with masks do not.");
        Unseen(encoder, () => encoder.call(randn(3, 1, 4), zeros(3, 3), zeros(1, 3, dtype: ScalarType.Bool)),
            $"Layer '' (the model itself, TransformerEncoderLayer) {notRun} TransformerEncoderLayer.call(src) runs hooks, its overloads with masks do not.");

        using Transformer transformer = nn.Transformer(4, 2, 1, 1);
        Unseen(transformer, () => transformer.call(randn(3, 1, 4), randn(3, 1, 4), zeros(3, 3)),
            $"Layer '' (the model itself, Transformer) {notRun} Transformer.call(src, tgt) runs hooks, its overload with masks does not.");

        nn.utils.rnn.PackedSequence packed = nn.utils.rnn.pack_padded_sequence(randn(5, 2, 4), tensor([5L, 3]));
        using LSTM lstm = nn.LSTM(4, 4);
        Unseen(lstm, () => lstm.call(packed), $"Layer '' (the model itself, LSTM) {notRun} LSTM.call runs hooks for a Tensor, not for a PackedSequence.");
        using GRU gru = nn.GRU(4, 4);
        Unseen(gru, () => gru.call(packed), $"Layer '' (the model itself, GRU) {notRun} GRU.call runs hooks for a Tensor, not for a PackedSequence.");
        using RNN rnn = nn.RNN(4, 4);
        Unseen(rnn, () => rnn.call(packed), $"Layer '' (the model itself, RNN) {notRun} RNN.call runs hooks for a Tensor, not for a PackedSequence.");

        static void Unseen(nn.Module layer, Action call, string message)
        {
            using var trace = new Trace(layer);
            call();
            Assert.Equal(0, trace.CallCount);
            Messages.Same(message, () => trace.OutputAs<object>());
        }
    }

    [Fact]
    public void Saved_tensor_that_an_edit_returns_is_changed_where_the_model_goes_on_in_place()
    {
        using Sequential net = Models.Small();
        using Tensor saved = full(1, 4, -1f);
        using var trace = new Trace(net, "a", new() { EditOutput = (Tensor output) => saved });
        net.call(randn(1, 3));
        TensorAssert.Same(zeros(1, 4), saved);
    }

    [Fact]
    public void AllListed_goes_on_counting_after_a_pass_that_threw_outside_of_Run()
    {
        using var net = new ScopedNet { Fail = true };
        using var traces = new TraceDict(net, ["first", "body.relu"], new() { Stop = true, StopRule = StopRule.AllListed });
        Assert.Throws<InvalidOperationException>(() => net.call(randn(1, 3)));
        Assert.Throws<StopForwardException>(() => net.body.call(randn(1, 4)));
    }

    [Fact]
    public void Recurrent_layer_is_one_call_for_all_steps()
    {
        using LSTM lstm = nn.LSTM(3, 4);
        using var trace = new Trace(lstm, null, new() { History = CallHistory.All });
        lstm.call(randn(5, 1, 3), null);
        Assert.Equal(1, trace.CallCount);
    }

    [Fact]
    public void Edit_of_a_layer_that_never_runs_is_silent_outside_of_Run()
    {
        using var net = new ScopedNet();
        using var trace = new Trace(net, "unused", new() { EditOutput = (Tensor output) => output * 0 });
        net.call(randn(1, 3));
        Assert.Equal(0, trace.CallCount);
    }

    [Fact]
    public void Output_that_an_edit_replaced_is_left_to_the_scope_around_the_pass()
    {
        using Sequential net = Models.Small();
        Tensor? replaced = null;
        Tensor Edit(Tensor output)
        {
            replaced = output;
            return output * 2;
        }

        using var trace = new Trace(net, "a", new() { EditOutput = Edit });
        using (NewDisposeScope())
        {
            net.call(randn(1, 3));
            Assert.False(replaced!.IsInvalid);
        }

        Assert.True(replaced.IsInvalid);
    }

    [Fact]
    public void Input_of_a_custom_layer_that_overwrites_its_argument_is_what_the_layer_left_without_Clone()
    {
        using nn.Module<Tensor, Tensor> layer = Models.Layer(x => x.zero_());
        using var trace = new Trace(layer, null, new() { RetainInput = true });
        layer.call(ones(2));
        TensorAssert.Same(zeros(2), trace.Input);
    }

    [Fact]
    public void Gradients_of_several_backward_passes_add_up()
    {
        using Linear layer = nn.Linear(2, 1);
        using var trace = new Trace(layer, null, new() { RetainGrad = true });
        Tensor output = layer.call(ones(1, 2)).sum();
        output.backward(retain_graph: true);
        output.backward();
        Assert.Equal(2f, trace.Gradient.ToSingle());
    }

    [Fact]
    public async Task Trace_made_in_an_async_method_is_not_seen_by_its_caller()
    {
        using Linear layer = nn.Linear(2, 1);
        using Trace trace = await Make();
        layer.call(ones(1, 2));
        Assert.Equal(0, trace.CallCount);

        async Task<Trace> Make()
        {
            await Task.Yield();
            return new Trace(layer, null, new() { Scope = TraceScope.CurrentFlow });
        }
    }

    [Fact]
    public void Pass_in_a_worker_that_was_there_before_is_not_seen_by_the_flow_that_asks_for_it()
    {
        using Linear layer = nn.Linear(2, 1);
        using var asked = new ManualResetEventSlim();
        var worker = new Thread(() =>
        {
            asked.Wait();
            layer.call(ones(1, 2));
        });
        worker.Start();
        using var trace = new Trace(layer, null, new() { Scope = TraceScope.CurrentFlow });
        asked.Set();
        worker.Join();
        Assert.Equal(0, trace.CallCount);
    }

    [Fact]
    public void Summary_on_the_meta_device_ends_where_libtorch_has_no_kernel()
    {
        using ReLU net = nn.ReLU();
        Assert.ThrowsAny<Exception>(() => net.Summary(() => net.call(empty(2, device: META))));
        Assert.Contains("ReLU", net.Summary().ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Library_does_not_claim_to_survive_trimming() => Assert.DoesNotContain(
        typeof(Trace).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>(), data => data.Key is "IsTrimmable" or "IsAotCompatible");

    private sealed class FunctionalRelu : nn.Module<Tensor, Tensor>
    {
        public readonly Linear linear = nn.Linear(3, 3);

        public FunctionalRelu()
            : base(nameof(FunctionalRelu)) => RegisterComponents();

        public override Tensor forward(Tensor input) => nn.functional.relu(linear.call(input));
    }
}
