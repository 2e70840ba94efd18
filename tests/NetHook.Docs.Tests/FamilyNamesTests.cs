namespace NetHook.Docs.Tests;

/// <summary>The code knows model families in their own files alone: everything else goes by a layout.</summary>
public class FamilyNamesTests
{
    private static readonly string[] PathsOfFamilies = ["transformer.h", "transformer.wte", "transformer.ln_f", "lm_head", "model.layers", "gpt_neox.layers", "model.decoder"];

    [Fact]
    public void Sources_outside_of_the_models_name_no_layer_of_a_family()
    {
        string source = Repository.PathOf("src"), models = Path.Combine(source, "NetHook.Interpretability", "Models");
        string[] shared = [.. new[] { "TransformerLayout.cs", "TransformerLayout.Validation.cs", "LanguageModel.cs", "LaidOutModel.cs" }.Select(name => Path.Combine(models, name))];
        string[] files = [.. Directory.EnumerateFiles(source, "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.StartsWith(models, StringComparison.Ordinal) && !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))];

        string[] found = [.. from file in files.Concat(shared)
            from line in File.ReadLines(file)
            where PathsOfFamilies.Any(path => line.Contains(path, StringComparison.Ordinal))
            select $"{Path.GetFileName(file)}: {line.Trim()}"];

        Assert.True(files.Length > 100);
        Assert.Empty(found);
    }
}
