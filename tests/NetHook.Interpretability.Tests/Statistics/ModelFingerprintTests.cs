using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class ModelFingerprintTests : IDisposable
{
    private readonly LanguageModel _model = Speaking.Model();

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Same_model_read_again_has_the_same()
    {
        using LanguageModel again = Speaking.Model();

        Assert.Equal(ModelFingerprint.Of(_model.Model), ModelFingerprint.Of(again.Model));
        Assert.Matches("^[0-9a-f]{16}$", ModelFingerprint.Of(again.Model));
    }

    [Fact]
    public void One_weight_with_the_other_sign_makes_another()
    {
        string before = ModelFingerprint.Of(_model.Model);
        using (no_grad())
        using (Tensor weight = _model.Model.GetParameter("transformer.h.1.mlp.c_fc.weight").view(-1).narrow(0, 5, 1))
            weight.neg_();

        Assert.NotEqual(before, ModelFingerprint.Of(_model.Model));
    }

    [Theory]
    [InlineData("NHead")]
    [InlineData("ActivationFunction")]
    [InlineData("LayerNormEpsilon")]
    [InlineData("ScaleAttnWeights")]
    [InlineData("ScaleAttnByInverseLayerIdx")]
    [InlineData("ReorderAndUpcastAttn")]
    public void Same_weights_with_another_setting_make_another(string setting)
    {
        Gpt2Config config = ((Gpt2)_model.Model).Config;
        using var other = new Gpt2(setting switch
        {
            "NHead" => config with { NHead = 4 },
            "ActivationFunction" => config with { ActivationFunction = "relu" },
            "LayerNormEpsilon" => config with { LayerNormEpsilon = 1e-6 },
            "ScaleAttnWeights" => config with { ScaleAttnWeights = false },
            "ScaleAttnByInverseLayerIdx" => config with { ScaleAttnByInverseLayerIdx = true },
            _ => config with { ReorderAndUpcastAttn = true },
        });
        using (no_grad())
        {
            foreach (string name in other.ParameterNames())
                other.GetParameter(name).copy_(_model.Model.GetParameter(name));
        }

        Assert.NotEqual(ModelFingerprint.Of(_model.Model), ModelFingerprint.Of(other));
    }
}
