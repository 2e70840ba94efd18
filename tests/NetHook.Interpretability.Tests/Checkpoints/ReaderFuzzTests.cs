using NetHook.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>Ten thousand damaged files of a model's folder, from a seed: each loads or gives the documented exception.</summary>
public sealed class ReaderFuzzTests : IDisposable
{
    private const string Text = "The capital of 日本 is <|endoftext|> don't 12";

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Settings_are_read_or_refused()
    {
        new Gpt2Config { VocabSize = 11, NPositions = 8, NEmbd = 6, NLayer = 2, NHead = 2, NInner = 24 }.Save(_folder["config.json"]);

        Fuzz.Run(_folder["config.json"], 2000, new FileMutator(1).Text, () => Gpt2Config.Load(_folder["config.json"]).Save(_folder["again.json"]));
    }

    [Fact]
    public void Settings_and_weights_fit_or_are_refused()
    {
        using Gpt2 model = Tiny.Model();
        model.SavePretrained(_folder.Path);
        Action read = () => Gpt2.FromPretrained(_folder.Path).Dispose();

        Fuzz.Run(_folder["config.json"], 1000, new FileMutator(2).Text, read);
        Fuzz.Run(_folder["model.safetensors"], 1000, new FileMutator(3).Safetensors, read);
    }

    [Fact]
    public void An_index_is_read_or_refused()
    {
        using DisposeScope scope = NewDisposeScope();
        using Gpt2 model = Tiny.Model();
        model.SavePretrained(_folder.Path);
        File.Move(_folder["model.safetensors"], _folder["a.safetensors"]);
        var map = SafetensorsFile.Load(_folder["a.safetensors"]).Keys.ToDictionary(key => key, _ => "a.safetensors");
        File.WriteAllText(_folder["model.safetensors.index.json"], System.Text.Json.JsonSerializer.Serialize(new { metadata = new { total_size = 1 }, weight_map = map }));

        Fuzz.Run(_folder["model.safetensors.index.json"], 2000, new FileMutator(4).Text, () => Gpt2.FromPretrained(_folder.Path).Dispose());
    }

    [Theory]
    [InlineData("gpt2", 5)]
    [InlineData("llama2", 6)]
    [InlineData("qwen2", 7)]
    public void A_tokenizer_is_read_or_refused(string name, int seed)
    {
        File.Copy(Path.Combine(AppContext.BaseDirectory, "data", "tokenizers", name, "tokenizer.json"), _folder["tokenizer.json"]);

        Fuzz.Run(_folder["tokenizer.json"], 700, new FileMutator(seed).Text, Encode);
    }

    [Theory]
    [InlineData("vocab.json", 8)]
    [InlineData("merges.txt", 9)]
    public void A_vocabulary_and_its_merges_are_read_or_refused(string name, int seed)
    {
        TinyVocabulary.Tokenizer.Save(_folder.Path);

        Fuzz.Run(_folder[name], 950, new FileMutator(seed).Text, Encode);
    }

    public void Dispose() => _folder.Dispose();

    private void Encode()
    {
        var tokenizer = Tokenizer.FromPretrained(_folder.Path);
        try
        {
            tokenizer.Decode(tokenizer.Encode(Text));
        }
        catch (InvalidOperationException e) when (e.InnerException is System.Text.RegularExpressions.RegexMatchTimeoutException)
        {
            // Documented: an expression that the file brings may take too long.
        }
    }
}
