using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class NonFiniteTests : IDisposable
{
    private const string Weight = "transformer.h.1.mlp.c_fc.weight";

    private const string Message =
        "The output of Gpt2 is not finite. It begins at layer 'transformer.h.1.mlp.c_fc' (Conv1D), whose output holds NaN, as does its parameter weight.";

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly LanguageModel _model = Speaking.Model();

    public static TheoryData<string, Action<LanguageModel>> Analyses => new()
    {
        { "next tokens", model => model.NextTokens(Speaking.Prompt) },
        { "generation", model => model.Generate(Speaking.Prompt, 2) },
        { "lens", model => LogitLens.Run(model, Speaking.Prompt) },
        { "causal tracing", model => new CausalTracer(model).Trace(Speaking.Prompt, Speaking.Subject) },
        { "patching", model => new ActivationPatcher(model).Patch(Speaking.Prompt, Speaking.Prompt, new() { CleanAnswer = "a", CounterfactualAnswer = "b" }) },
        { "evaluation", model => EditEvaluation.Compare(model, model, new() { Request = Editing.Easy }) },
    };

    [Theory]
    [MemberData(nameof(Analyses))]
    public void Analysis_of_a_model_with_NaN_names_the_first_layer(string name, Action<LanguageModel> analyse)
    {
        Assert.NotEmpty(name);
        Fill(Weight, float.NaN);

        NonFiniteException e = Assert.Throws<NonFiniteException>(() => analyse(_model));

        Assert.Equal((Message, "transformer.h.1.mlp.c_fc"), (e.Message, e.Layer));
        Assert.Empty(_model.Model.ActiveTraces());
    }

    [Fact]
    public void Layer_whose_weights_are_finite_says_so()
    {
        using var edit = new Trace(_model.Model, "transformer.h.0.attn", new() { EditOutput = (Tensor output) => output / 0 });

        NonFiniteException e = Assert.Throws<NonFiniteException>(() => _model.NextTokens(Speaking.Prompt));

        Assert.Equal("transformer.h.0.attn", e.Layer);
        Assert.Equal("The output of Gpt2 is not finite. It begins at layer 'transformer.h.0.attn' (Gpt2Attention), whose output holds infinity; its own weights are finite.", e.Message);
    }

    [Fact]
    public void Numbers_that_no_layer_gives_are_the_models_own()
    {
        using var edit = new Trace(_model.Model, "", new() { EditOutput = (Tensor output) => output * float.NaN });

        NonFiniteException e = Assert.Throws<NonFiniteException>(() => _model.NextTokens(Speaking.Prompt));

        Assert.Equal("", e.Layer);
        Assert.Equal("The output of Gpt2 is not finite, though that of each of its layers is: look at what it computes between them.", e.Message);
    }

    [Fact]
    public void Token_that_a_model_excludes_is_no_fault()
    {
        using var edit = new Trace(_model.Model, "", new()
        {
            EditOutput = (Tensor output) =>
            {
                output[.., .., 3] = float.NegativeInfinity;
                return output;
            },
        });

        Assert.Equal(0, _model.NextTokens(Speaking.Prompt, _model.VocabularySize).Single(token => token.Id == 3).Probability);
    }

    public void Dispose()
    {
        _model.Dispose();
        _scope.Dispose();
    }

    private void Fill(string parameter, float value)
    {
        using IDisposable _ = no_grad();
        _model.Model.GetParameter(parameter).fill_(value);
    }
}
