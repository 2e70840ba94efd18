using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public class Gpt2CopyTests
{
    [Fact]
    public void A_gpt2_is_copied_exactly_with_its_head_tied()
    {
        using DisposeScope scope = NewDisposeScope();
        using Gpt2 model = Tiny.Model();
        using Gpt2 copy = model.DeepCopy();
        Assert.Equal(model.state_dict().Keys, copy.state_dict().Keys);
        Assert.Equal(model.ModuleNames(), copy.ModuleNames());
        Assert.False(copy.GetModule("transformer.h.0").training);
        Assert.Equal(model.call(Tiny.Tokens).bytes.ToArray(), copy.call(Tiny.Tokens).bytes.ToArray());

        model.Dispose();
        using (no_grad())
            copy.GetParameter("transformer.wte.weight").fill_(0);

        Assert.False(copy.call(Tiny.Tokens).any().item<bool>());
    }

    [Fact]
    public void A_gpt2_from_files_is_copied_with_the_settings_that_it_does_not_know()
    {
        using var folder = new TemporaryFolder();
        using (Gpt2 made = Tiny.Model())
            made.SavePretrained(folder.Path);
        File.WriteAllText(folder["config.json"], File.ReadAllText(folder["config.json"]).Replace("{", """{ "unknown_setting": ["a"],""", StringComparison.Ordinal));

        using var model = Gpt2.FromPretrained(folder.Path);
        using Gpt2 copy = model.DeepCopy();
        copy.SavePretrained(folder.Path);

        Assert.Contains("unknown_setting", File.ReadAllText(folder["config.json"]), StringComparison.Ordinal);
    }
}
