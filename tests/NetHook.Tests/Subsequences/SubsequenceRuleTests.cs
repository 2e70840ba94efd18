using CsCheck;
using TorchSharp;
using TorchSharp.Modules;

namespace NetHook.Tests;

/// <summary>The rule, on models drawn at random: leaves are numbered, a range keeps those within it.</summary>
public class SubsequenceRuleTests
{
    private static readonly Gen<(Net Net, (string[] Path, int First, int End) From, (string[] Path, int First, int End) To)> TwoLayers =
        Gen.Select(Net.Any, Gen.Int[0, 999], Gen.Int[0, 999]).Select((net, from, to) => (net, Nth(net, from), Nth(net, to)));

    [Fact]
    public void Between_two_layers_is_what_lies_within_their_leaves() => TwoLayers.Sample(
        drawn =>
        {
            (Net? net, (string[] Path, int First, int End) from, (string[] Path, int First, int End) to) = drawn;
            using Sequential model = net.Build();
            string begin = Join(from.Path), end = Join(to.Path);
            Check(net, from.First, to.End, () => model.Subsequence(firstLayer: begin, lastLayer: end, shareWeights: true));
            Check(net, from.First, to.First, () => model.Subsequence(firstLayer: begin, uptoLayer: end, shareWeights: true));
            Check(net, from.End, to.End, () => model.Subsequence(afterLayer: begin, lastLayer: end, shareWeights: true));
            Check(net, from.End, to.First, () => model.Subsequence(afterLayer: begin, uptoLayer: end, shareWeights: true));
        },
        iter: 200);

    [Fact]
    public void From_or_up_to_one_layer_is_the_rest_and_both_make_up_the_whole() => TwoLayers.Sample(
        drawn =>
        {
            (Net? net, (string[] Path, int First, int End) layer, (string[] Path, int First, int End) _) = drawn;
            using Sequential model = net.Build();
            (string name, int all) = (Join(layer.Path), net.Leaves.Count());
            Check(net, 0, layer.First, () => model.Subsequence(uptoLayer: name, shareWeights: true));
            Check(net, layer.First, all, () => model.Subsequence(firstLayer: name, shareWeights: true));
            Check(net, 0, layer.End, () => model.Subsequence(lastLayer: name, shareWeights: true));
            Check(net, layer.End, all, () => model.Subsequence(afterLayer: name, shareWeights: true));
            Check(net, layer.First, layer.End, () => model.Subsequence(singleLayer: name, shareWeights: true));
        },
        iter: 200);

    [Fact]
    public void Steps_given_one_by_one_mean_the_same() => TwoLayers.Where(drawn => drawn.From.First < drawn.To.End).Sample(
        drawn =>
        {
            (Net? net, (string[] Path, int First, int End) from, (string[] Path, int First, int End) to) = drawn;
            using Sequential model = net.Build();
            using Sequential by_name = model.Subsequence(firstLayer: Join(from.Path), lastLayer: Join(to.Path));
            using torch.nn.Module? by_steps = model.HierarchicalSubsequence(from.Path, to.Path, null, null);
            using torch.nn.Module? below = model.HierarchicalSubsequence(["x", .. from.Path], ["y", .. to.Path], null, null, depth: 1);
            Assert.Equal(Net.Show(by_name), Net.Show(by_steps!));
            Assert.Equal(Net.Show(by_name), Net.Show(below!));
        },
        iter: 100);

    private static void Check(Net net, int first, int end, Func<Sequential> cut)
    {
        if (first > end)
        {
            Assert.StartsWith("The range is inverted", Assert.Throws<ArgumentException>(() => cut()).Message, StringComparison.Ordinal);
            return;
        }

        using Sequential part = cut();
        Assert.Equal(net.Keep(first, end)!.Show(), Net.Show(part));
    }

    private static (string[] Path, int First, int End) Nth(Net net, int number) => net.Paths.ElementAt(number % net.Paths.Count());

    private static string Join(string[] path) => string.Join('.', path);
}
