using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class RomeEditTests : IDisposable
{
    private const string Parameter = "transformer.h.0.mlp.c_proj.weight";

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly LanguageModel _model = Speaking.Model();
    private readonly RomeEdit _edit = new(Editing.Request, 0, Projection(0), rand(48).DetachFromDisposeScope(), rand(12).DetachFromDisposeScope(), []);
    private readonly Dictionary<string, Tensor> _before;

    public RomeEditTests() => _before = Weights();

    [Fact]
    public void Applied_edit_changes_its_parameter_by_its_delta_and_no_other()
    {
        using IDisposable applied = _edit.ApplyTo(_model.Model);

        Assert.Equal(Parameter, _edit.Parameter);
        Assert.Equal(0, Parity.Distance(Weights()[Parameter], _before[Parameter] + _edit.Delta()));
        Assert.All(Weights().Where(pair => pair.Key != Parameter), pair => Assert.True(pair.Value.Equals(_before[pair.Key])));
        Assert.Equal(0, Parity.Distance(_edit.Delta(), _edit.KeyDirection.unsqueeze(1) * _edit.ValueChange.unsqueeze(0)));
    }

    [Fact]
    public void Undone_edit_leaves_the_weights_exactly_as_they_were()
    {
        _edit.ApplyTo(_model.Model).Dispose();

        Assert.All(Weights(), pair => Assert.True(pair.Value.Equals(_before[pair.Key])));
    }

    [Fact]
    public void Edits_undone_in_reverse_order_leave_the_weights_exactly_as_they_were()
    {
        using (_edit.ApplyTo(_model.Model))
        using (_edit.ApplyTo(_model.Model))
            Assert.InRange(Parity.Distance(Weights()[Parameter], _before[Parameter] + (2 * _edit.Delta())), 0, 1e-5);

        Assert.All(Weights(), pair => Assert.True(pair.Value.Equals(_before[pair.Key])));
    }

    [Fact]
    public void Undoing_twice_undoes_once()
    {
        IDisposable applied = _edit.ApplyTo(_model.Model);
        applied.Dispose();
        _edit.ApplyPermanentlyTo(_model.Model);
        applied.Dispose();

        Assert.False(Weights()[Parameter].Equals(_before[Parameter]));
    }

    [Fact]
    public void Permanent_edit_outlives_the_edit()
    {
        Tensor delta = _edit.Delta();
        _edit.ApplyPermanentlyTo(_model.Model);
        _edit.Dispose();

        Assert.Equal(0, Parity.Distance(Weights()[Parameter], _before[Parameter] + delta));
    }

    [Fact]
    public void A_model_disposed_before_the_edit_is_undone_is_left_alone()
    {
        IDisposable applied = _edit.ApplyTo(_model.Model);
        _model.Dispose();

        applied.Dispose();
    }

    [Fact]
    public void Another_models_edit_is_refused()
    {
        using var second = new RomeEdit(Editing.Request, 1, Projection(1), rand(48).DetachFromDisposeScope(), rand(12).DetachFromDisposeScope(), []);
        using Gpt2 narrow = Tiny.Model(), shallow = Tiny.Model(Speaking.Config with { NLayer = 1 });

        Assert.Equal(
            $"The edit is of {Parameter} [48, 12], and this model has [24, 6] there. Apply it to the model it was made for, or a copy.",
            Assert.Throws<ArgumentException>(() => _edit.ApplyTo(narrow)).Message);
        Assert.Equal(
            "The edit is of transformer.h.1.mlp.c_proj.weight [48, 12], and this model has no such parameter. Apply it to the model it was made for, or a copy.",
            Assert.Throws<ArgumentException>(() => second.ApplyPermanentlyTo(shallow)).Message);
    }

    public void Dispose()
    {
        _edit.Dispose();
        _model.Dispose();
        _scope.Dispose();
    }

    private static MlpProjection Projection(int layer) => new($"transformer.h.{layer}.mlp.c_proj", KeysFirst: true, 48, 12);

    private Dictionary<string, Tensor> Weights() =>
        _model.Model.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter.detach().clone());
}
