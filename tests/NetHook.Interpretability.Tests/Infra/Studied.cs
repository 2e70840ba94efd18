namespace NetHook.Interpretability.Tests;

/// <summary>The models that every analysis is tested on, by name.</summary>
internal static class Studied
{
    public static TheoryData<string> Names => ["gpt2", "own"];

    /// <summary>Makes one, which speaks the tiny vocabulary. The caller disposes it.</summary>
    public static LanguageModel Model(string name) => name switch
    {
        "gpt2" => Speaking.Model(),
        "own" => new(OwnModel.Make(TinyVocabulary.Tokenizer.VocabularySize), TinyVocabulary.Tokenizer, OwnModel.Layout),
        _ => throw new ArgumentException($"There is no model '{name}'."),
    };
}
