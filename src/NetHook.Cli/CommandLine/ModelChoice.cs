using System.CommandLine;
using NetHook.Interpretability;
using static TorchSharp.torch;

namespace NetHook.Cli;

/// <summary><c>--model</c>, <c>--dtype</c> and <c>--device</c>: the model that a command runs, and how.</summary>
internal sealed class ModelChoice
{
    private readonly ModelOption _model = new();
    private readonly DtypeOption _dtype = new();
    private readonly DeviceOption _device = new();

    public IReadOnlyList<Option> Options => [_model, _dtype, _device];

    /// <summary>The folder of the model asked for.</summary>
    public string Folder(ParseResult arguments) => _model.Folder(arguments);

    /// <summary>Whether it is the model that comes with the tool.</summary>
    public bool IsBundled(ParseResult arguments) => Folder(arguments) == BundledModel.Folder;

    /// <summary>Reads the model. The caller disposes it.</summary>
    /// <exception cref="ToolException">The device is not there; nothing was read.</exception>
    public LanguageModel Read(ToolContext context, ParseResult arguments)
    {
        Device device = _device.Of(arguments);
        var model = LanguageModel.FromPretrained(Folder(arguments), _dtype.Of(arguments), device);
        Threads.UseFewFor(model.Model);
        context.ModelWasRead?.Invoke(model);
        return model;
    }
}
