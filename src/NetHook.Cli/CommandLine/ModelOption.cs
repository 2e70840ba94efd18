using System.CommandLine;
using NetHook.Interpretability;

namespace NetHook.Cli;

/// <summary><c>--model FOLDER</c>: the model that a command works on.</summary>
internal sealed class ModelOption : Option<string>
{
    public ModelOption()
        : base("--model", "-m")
    {
        HelpName = "FOLDER";
        Description = "A GPT-2 in Hugging Face's layout: config.json, model.safetensors, vocab.json, merges.txt. Without it, the small model that comes with the tool.";
    }

    /// <summary>The folder of the model asked for.</summary>
    public string Folder(ParseResult arguments) => arguments.GetValue(this) ?? BundledModel.Folder;

    /// <summary>Whether it is the model that comes with the tool.</summary>
    public bool IsBundled(ParseResult arguments) => Folder(arguments) == BundledModel.Folder;

    /// <summary>What a model is called in a sentence.</summary>
    public static string NameOf(string folder) => folder == BundledModel.Folder ? "the bundled model" : folder;

    /// <summary>Reads the model. The caller disposes it.</summary>
    public LanguageModel Read(ParseResult arguments)
    {
        var model = LanguageModel.FromPretrained(Folder(arguments));
        Threads.UseFewFor(model.Model);
        return model;
    }

    /// <summary>The model's layers without their weights, which costs no time and no memory. The caller disposes it.</summary>
    public DecoderModel ReadLayers(ParseResult arguments) => DecoderModel.LayersOf(Folder(arguments));
}
