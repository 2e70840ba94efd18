using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>Puts a parameter's values back, bit by bit, when disposed.</summary>
internal sealed class WeightBackup : IDisposable
{
    private readonly nn.Module _model;
    private readonly string _name;
    private Tensor? _values;

    public WeightBackup(nn.Module model, string name)
    {
        (_model, _name) = (model, name);
        using IDisposable _ = no_grad();
        _values = model.GetParameter(name).clone().DetachFromDisposeScope();
    }

    public void Dispose()
    {
        if (_values is null)
            return;
        using IDisposable _ = no_grad();
        Tensor weight = _model.GetParameter(_name);
        if (!weight.IsInvalid)
            weight.copy_(_values);
        _values.Dispose();
        _values = null;
    }
}
