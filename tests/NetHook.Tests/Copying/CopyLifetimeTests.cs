using System.Runtime.CompilerServices;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook.Tests;

[Collection(LiveTensors.Name)]
public class CopyLifetimeTests
{
    [Fact]
    public void A_copy_holds_as_many_tensors_as_its_original_and_gives_them_all_back()
    {
        using Sequential model = Everything();
        Abandon(model);
        long before = Live.Tensors;

        (long first, long second) = Count(model, before);

        Assert.Equal(first, second);
        Assert.Equal(before, Live.Tensors);
    }

    [Fact]
    public void Copies_leave_nothing_behind_for_the_garbage_collector()
    {
        foreach (Recipe recipe in NativeRecipes.All)
        {
            using nn.Module model = recipe.Make();
            model.DeepCopy().Dispose();
            long before = Live.Tensors;
            using nn.Module copy = model.DeepCopy();
            Assert.Equal(before + model.parameters().Count(), Tensor.TotalCount);
        }
    }

    [Fact]
    public void A_copy_that_fails_half_way_frees_what_was_made_and_leaves_the_original_as_it_was()
    {
        using Sequential model = nn.Sequential(("a", nn.BatchNorm1d(3)), ("b", Everything()), ("c", new Obstacle()));
        List<string> before = ExactCopy.Describe(model);
        long tensors = Live.Tensors;

        // Finalizers run meanwhile: what a copy is only half made of must not take the original's tensors with it.
        for (int i = 0; i < 10; i++)
            Assert.Throws<ModuleCopyException>(() => model.DeepCopy());

        Assert.Equal(tensors, Live.Tensors);
        Assert.Equal(before, ExactCopy.Describe(model));
        model.call(randn(2, 3)).Dispose();
    }

    [Fact]
    public void Abandoned_copies_free_themselves()
    {
        using Sequential model = nn.Sequential(("a", nn.BatchNorm1d(3)), ("b", nn.Linear(3, 3)));
        long tensors = Live.Tensors;

        Abandon(model);

        Assert.Equal(tensors, Live.Tensors);
        model.call(randn(2, 3)).Dispose();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (long First, long Second) Count(nn.Module model, long before)
    {
        using nn.Module first = model.DeepCopy();
        long tensors = Live.Tensors;
        using nn.Module second = first.DeepCopy();
        return (tensors - before, Live.Tensors - tensors);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Abandon(nn.Module model) => Assert.NotNull(model.DeepCopy());

    private static TorchSharp.Modules.Sequential Everything() => nn.Sequential(
        ("everywhere", new KeepsLayersEverywhere()), ("tensors", new KeepsTensors()), ("tied", new Tied()), ("native", new Natives()));

    private sealed class Natives : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module[] _modules =
        [
            nn.Embedding_from_pretrained(randn(4, 3)), nn.EmbeddingBag(4, 3, max_norm: 2), nn.LSTM(3, 3, 2, dropout: 0.1), nn.GRUCell(3, 3),
            nn.MultiheadAttention(4, 2, 0.1), nn.Transformer(4, 2, 1, 1, 4), nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 4), 2),
            nn.TransformerEncoderLayer(4, 2, 4),
        ];

        public Natives()
            : base(nameof(Natives))
        {
            foreach (nn.Module module in _modules)
                register_module($"{module.GetName()}", module);
        }

        public override Tensor forward(Tensor input) => input.alias();
    }

    private sealed class Obstacle() : nn.Module<Tensor, Tensor>(nameof(Obstacle))
    {
        private readonly Stream _stream = Stream.Null;

        public override Tensor forward(Tensor input) => _stream.CanRead ? input.alias() : input;
    }
}
