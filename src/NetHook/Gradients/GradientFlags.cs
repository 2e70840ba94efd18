using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NetHook;

/// <summary>The <c>requires_grad</c> flags of models as they were, which <see cref="Dispose"/> puts back.</summary>
internal sealed class GradientFlags : IDisposable
{
    private readonly string _asked;
    private readonly List<Flag> _flags = [];
    private bool _restored;

    private GradientFlags(string asked) => _asked = asked;

    /// <exception cref="ArgumentException">The models are not modules, parameters and tensors that can be asked.</exception>
    public static GradientFlags Of(string asked, object[] models)
    {
        ArgumentNullException.ThrowIfNull(models);
        var flags = new GradientFlags(asked);
        if (models.Length == 0)
            throw new ArgumentException($"{asked} was given no model. Pass modules, parameters or tensors.");
        for (int i = 0; i < models.Length; i++)
            flags.Add(models[i], i);
        return flags;
    }

    /// <exception cref="ArgumentException">A flag cannot be set. All are as they were.</exception>
    public void Set(bool requiresGrad)
    {
        foreach (Flag flag in _flags)
            Check(flag, requiresGrad);
        try
        {
            foreach (Flag flag in _flags)
                flag.Tensor.requires_grad = requiresGrad;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (_restored)
            return;
        _restored = true;
        foreach (Flag flag in _flags)
        {
            Tensor? tensor = flag.Tensor.IsInvalid && flag.Model is { } model ? ModuleParameters.Find(model, flag.Name) : flag.Tensor;
            if (tensor is { IsInvalid: false } && tensor.requires_grad != flag.RequiresGrad)
                tensor.requires_grad = flag.RequiresGrad;
        }
    }

    private void Add(object? model, int position)
    {
        string where = $"argument {position.ToString(CultureInfo.InvariantCulture)}";
        switch (model)
        {
            case Tensor tensor:
                Add(tensor, null, "", where);
                break;
            case Module module:
                foreach ((string name, TorchSharp.Modules.Parameter parameter) in ModuleParameters.All(module))
                    Add(parameter, module, name, $"parameter '{name}' of the {TypeNames.Of(module)} ({where})");
                break;
            default:
                throw new ArgumentException(
                    $"{_asked}: {where} is {(model is null ? "null" : TypeNames.Of(model))}. Pass modules, parameters or tensors, "
                    + "and the items of a list one by one: [.. list].");
        }
    }

    private void Add(Tensor tensor, Module? model, string name, string described)
    {
        if (tensor.IsInvalid)
            throw Refused(described, "is disposed", "Pass what is alive.");
        _flags.Add(new(tensor, tensor.requires_grad, model, name, described));
    }

    private void Check(Flag flag, bool requiresGrad)
    {
        Tensor tensor = flag.Tensor;
        if (requiresGrad && !tensor.is_floating_point() && !tensor.is_complex())
        {
            throw Refused(
                flag.Described,
                $"is of type {tensor.dtype}",
                "Only floating-point and complex tensors have gradients.");
        }

        if (!requiresGrad && !tensor.is_leaf)
            throw Refused(flag.Described, "is computed from tensors that require gradients", "Use its detach(), or freeze what it is computed from.");
    }

    private ArgumentException Refused(string described, string found, string instead) =>
        new($"{_asked}: {described} {found}. {instead} Nothing was changed.");

    private readonly record struct Flag(Tensor Tensor, bool RequiresGrad, Module? Model, string Name, string Described);
}
