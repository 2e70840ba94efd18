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
        Description = "The folder of a model in Hugging Face's layout: config.json, model.safetensors, and its tokenizer's files. Default: the small model that comes with the tool.";
    }

    /// <summary>The folder of the model asked for.</summary>
    public string Folder(ParseResult arguments) => arguments.GetValue(this) ?? BundledModel.Folder;

    /// <summary>What a model is called in a sentence.</summary>
    public static string NameOf(string folder) => folder == BundledModel.Folder ? "the bundled model" : folder;
}
