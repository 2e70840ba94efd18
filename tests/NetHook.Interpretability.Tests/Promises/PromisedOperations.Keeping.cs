namespace NetHook.Interpretability.Tests;

// Making, saving and loading models.
internal static partial class PromisedOperations
{
    private static IEnumerable<Promised> Keeping =>
    [
        new(
            "new Gpt2(Gpt2Config, ScalarType, Device, Generator)",
            _ => _ => new Gpt2(Tiny.Config).Dispose(),
            _ => Make(new Gpt2(Tiny.Config with { NHead = 5 }))),
        new(
            "new LanguageModel(DecoderModel, Tokenizer)",
            s => _ => Make(new LanguageModel(s.Gpt2, Speaking.Tokenizer)),
            s => Make(new LanguageModel(s.Own(Tiny.Model()), Speaking.Tokenizer))),
        new(
            "new LanguageModel(Module<Tensor, Tensor>, Tokenizer, TransformerLayout)",
            s => _ => Make(new LanguageModel(s.Gpt2, Speaking.Tokenizer, s.Gpt2.Layout)),
            s => Make(new LanguageModel(s.Gpt2, Speaking.Tokenizer, s.Gpt2.Layout with { Head = "nowhere" }))),
        new("LanguageModel.Dispose()", _ => _ => Speaking.Model().Dispose()),
        new("LanguageModel.Bundled()", _ => _ => LanguageModel.Bundled().Dispose()),
        new("TransformerLayout.Validate(Module)", s => _ => s.Gpt2.Layout.Validate(s.Model), s => s.Gpt2.Layout.Validate(s.Net)),
        new("LanguageModel.SavePretrained(string)", s => _ => s.Language.SavePretrained(s.NewFile()), s => s.Language.SavePretrained(File(s))),
        new("DecoderModel.SavePretrained(string)", s => _ => s.Gpt2.SavePretrained(s.NewFile()), s => s.Gpt2.SavePretrained(File(s))),
        new("LanguageModel.FromPretrained(string, ScalarType, Device)", s => Saved(s, folder => LanguageModel.FromPretrained(folder)), s => LanguageModel.FromPretrained(s.NewFile()), s => LanguageModel.FromPretrained(Damaged(s))),
        new("DecoderModel.FromPretrained(string, ScalarType, Device)", s => Saved(s, folder => DecoderModel.FromPretrained(folder)), s => DecoderModel.FromPretrained(s.NewFile()), s => DecoderModel.FromPretrained(Damaged(s))),
        new("Gpt2.FromPretrained(string, ScalarType, Device)", s => Saved(s, folder => Gpt2.FromPretrained(folder)), s => Gpt2.FromPretrained(Damaged(s))),
        new("DecoderModel.LayersOf(string)", s => Saved(s, DecoderModel.LayersOf), s => DecoderModel.LayersOf(s.NewFile())),
    ];

    private static Action<CancellationToken> Saved(PromiseSubject s, Func<string, IDisposable> load)
    {
        string folder = s.NewFile();
        s.Language.SavePretrained(folder);
        return _ => load(folder).Dispose();
    }

    // Its last tensor is missing.
    private static string Damaged(PromiseSubject s)
    {
        string folder = s.NewFile();
        s.Language.SavePretrained(folder);
        string weights = Path.Combine(folder, "model.safetensors");
        Dictionary<string, TorchSharp.torch.Tensor> tensors = SafetensorsFile.Load(weights);
        SafetensorsFile.Save(weights, tensors.Where(pair => !pair.Key.Contains("ln_f", StringComparison.Ordinal)).ToDictionary());
        foreach (TorchSharp.torch.Tensor tensor in tensors.Values)
            tensor.Dispose();
        return folder;
    }

    private static string File(PromiseSubject s)
    {
        string path = s.NewFile();
        System.IO.File.WriteAllText(path, "no folder");
        return path;
    }
}
