using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>Causal tracing with the MLPs or the attention of the restored token kept as in the corrupted run.</summary>
public sealed class SeveredTracingTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string, StateKind, int, StateKind> Studies
    {
        get
        {
            var data = new TheoryData<string, StateKind, int, StateKind>();
            foreach (string model in Studied.Names)
            {
                data.Add(model, StateKind.Hidden, 1, StateKind.Mlp);
                data.Add(model, StateKind.Hidden, 1, StateKind.Attention);
                data.Add(model, StateKind.Hidden, 2, StateKind.Mlp);
                data.Add(model, StateKind.Mlp, 2, StateKind.Attention);
                data.Add(model, StateKind.Attention, 2, StateKind.Mlp);
            }

            return data;
        }
    }

    public static TheoryData<string, StateKind> Recorded
    {
        get
        {
            var data = new TheoryData<string, StateKind>();
            foreach (string family in FamilyRecord.All)
            {
                data.Add(family, StateKind.Mlp);
                data.Add(family, StateKind.Attention);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Studies))]
    public void Batches_give_what_the_plain_loop_gives(string name, StateKind kind, int window, StateKind sever)
    {
        using LanguageModel model = Studied.Model(name);
        int[] tokens = [.. Speaking.Tokenizer.Encode(Speaking.Prompt)];

        AssertAsPlain(model.Parts, tokens, Speaking.Tokenizer.TokenRange(Speaking.Prompt, Speaking.Subject), kind, window, sever);
    }

    [Theory]
    [MemberData(nameof(Recorded))]
    public void Every_family_gives_what_the_plain_loop_gives(string family, StateKind sever)
    {
        using var record = new FamilyRecord(family);
        using var model = DecoderModel.FromPretrained(record.Folder);

        AssertAsPlain(new(model, model.Layout), [.. record.Ids("s7")[0].data<long>().Select(id => (int)id)], 1..3, StateKind.Hidden, 1, sever);
    }

    [Fact]
    public void Prompt_may_be_traced_with_mlps_severed()
    {
        using LanguageModel model = Speaking.Model();
        var tracer = new CausalTracer(model);

        CausalTrace trace = tracer.Trace(Speaking.Prompt, Speaking.Subject, new() { Sever = StateKind.Mlp });

        Assert.Equal(StateKind.Mlp, trace.Sever);
        Assert.Contains("with the hidden states of one token (down) at one layer (across) restored and its MLPs severed:", $"{trace}", StringComparison.Ordinal);
        Assert.Empty(model.Model.ActiveTraces());
    }

    public void Dispose() => _scope.Dispose();

    private static void AssertAsPlain(LaidOutModel model, int[] tokens, Range subject, StateKind kind, int window, StateKind sever)
    {
        using var generator = new Generator(1);
        Tensor noise = randn([3, subject.End.Value - subject.Start.Value, model.Width], generator: generator);
        var tracer = new CausalTracer(model.Module, model.Layout);

        CausalTrace severed = tracer.Trace(tokens, subject, noise, new() { Kind = kind, Window = window, Sever = sever });
        CausalTrace whole = tracer.Trace(tokens, subject, noise, new() { Kind = kind, Window = window });
        StateGrid plain = PlainCausalTracing.Run(model, tokens, subject, noise, severed.Answer, LayerWindow.Of(model.Layout, kind, window), sever);

        double Scale(Func<double, double, double> difference) => severed.Probabilities.Values.Zip(whole.Probabilities.Values, difference).Max();
        double off = severed.Probabilities.Values.Zip(plain.Values, (a, b) => Math.Abs(a - b)).Max(), effect = Scale((a, b) => Math.Abs(a - b));
        Assert.InRange(off, 0, 1e-5);
        Assert.True(effect > 10 * off, $"Severing changed nothing: {effect}.");
    }
}
