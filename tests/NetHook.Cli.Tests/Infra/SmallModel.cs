using NetHook.Interpretability;
using TorchSharp;
using static TorchSharp.torch;

[assembly: AssemblyFixture(typeof(NetHook.Cli.Tests.SmallModel))]

namespace NetHook.Cli.Tests;

/// <summary>A folder with a GPT-2 of two blocks that reads 24 tokens. Its weights follow a formula, so that its numbers are the same everywhere.</summary>
public sealed class SmallModel : IDisposable
{
    private static readonly string[] Words = ["The", " capital", " of", " France", " is", " Paris"];

    private readonly TemporaryFolder _folder = new();

    public SmallModel()
    {
        Gpt2Tokenizer tokenizer = MakeTokenizer();
        var config = new Gpt2Config { VocabSize = tokenizer.VocabularySize, NPositions = 24, NEmbd = 8, NLayer = 2, NHead = 2 };
        using var model = new LanguageModel(new Gpt2(config), tokenizer);
        using IDisposable _ = no_grad();

        // As the tool does for a small model: with more threads, sums come out with other last digits.
        set_num_threads(1);
        foreach (((string _, TorchSharp.Modules.Parameter parameter), int i) in model.Model.named_parameters().Select((pair, i) => (pair, i)))
            parameter.copy_(((arange(parameter.numel(), ScalarType.Float64).square() * 0.37) + i).sin().mul(0.8).view(parameter.shape));
        model.SavePretrained(Folder);
    }

    public string Folder => _folder.Path;

    public void Dispose() => _folder.Dispose();

    private static Gpt2Tokenizer MakeTokenizer()
    {
        // GPT-2's letters for bytes: printable Latin-1 as itself, the rest from U+0100 on.
        int next = 256;
        char[] letters = [.. Enumerable.Range(0, 256).Select(b => b is (>= '!' and <= '~') or (>= '¡' and <= '¬') or (>= '®' and <= 'ÿ') ? (char)b : (char)next++)];
        List<string> tokens = [.. letters.Select(letter => letter.ToString())], merges = [];
        foreach (string word in Words.Select(word => word.Replace(' ', letters[' '])))
        {
            for (int length = 2; length <= word.Length; length++)
            {
                merges.Add($"{word[..(length - 1)]} {word[length - 1]}");
                tokens.Add(word[..length]);
            }
        }

        merges = [.. merges.Distinct()];
        return new Gpt2Tokenizer(tokens.Append(Gpt2Tokenizer.EndOfText).Distinct().Select((token, id) => (token, id)).ToDictionary(pair => pair.token, pair => pair.id), merges);
    }
}
