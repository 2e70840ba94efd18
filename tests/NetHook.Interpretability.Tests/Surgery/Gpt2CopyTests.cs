using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests.Surgery;

public class Gpt2CopyTests
{
    [Fact]
    public void A_gpt2_is_copied_exactly_with_its_head_tied()
    {
        using var scope = NewDisposeScope();
        using var model = Tiny.Model();
        using var copy = model.DeepCopy();
        Assert.Equal(model.state_dict().Keys, copy.state_dict().Keys);
        Assert.Equal(model.ModuleNames(), copy.ModuleNames());
        Assert.False(copy.GetModule("transformer.h.0").training);
        Assert.Equal(model.call(Tiny.Tokens).bytes.ToArray(), copy.call(Tiny.Tokens).bytes.ToArray());

        model.Dispose();
        using (no_grad()) copy.GetParameter("transformer.wte.weight").fill_(0);

        Assert.False(copy.call(Tiny.Tokens).any().item<bool>());
    }
}
