namespace NetHook.Interpretability;

/// <summary>The files of a tokenizer, as a folder in Hugging Face's layout has them.</summary>
internal static class TokenizerFolder
{
    public const string TokenizerName = "tokenizer.json";
    public const string VocabularyName = "vocab.json";
    public const string MergesName = "merges.txt";

    // The largest in use, of a quarter of a million tokens, has 35 MB.
    private const int MostBytes = 1 << 30;

    /// <summary>The files that decide what the tokenizer does.</summary>
    public static IReadOnlyList<string> Meaningful { get; } =
        [TokenizerName, VocabularyName, MergesName, CompanionFiles.AddedTokensName, CompanionFiles.SpecialTokensName, CompanionFiles.ConfigName];

    // What other programs read, kept when a model is saved again.
    private static readonly string[] Kept = [.. Meaningful, "tokenizer.model", "chat_template.json", "chat_template.jinja"];

    public static TokenizerParts Read(string folder)
    {
        Dictionary<string, byte[]> files = [];
        foreach (string name in Kept)
        {
            if (File.Exists(Path.Combine(folder, name)))
                files.Add(name, InputFile.ReadAll(Path.Combine(folder, name), MostBytes));
        }

        var companions = CompanionFiles.Read(folder, files);
        if (files.ContainsKey(TokenizerName))
            return new TokenizerJson(Path.Combine(folder, TokenizerName), files).Read(companions);
        foreach (string name in (string[])[VocabularyName, MergesName])
            files.TryAdd(name, files.GetValueOrDefault(name) ?? InputFile.ReadAll(Path.Combine(folder, name), MostBytes));
        return Gpt2Files.Read(folder, files, companions);
    }
}
