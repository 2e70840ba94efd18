using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>Edits undone in any order: the weights are bit by bit what the edits that are left make of the original ones.</summary>
[Collection(LiveTensors.Name)]
public sealed class UndoOrderTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly LanguageModel _model = Speaking.Model();
    private readonly RomeEdit[] _edits = [.. Enumerable.Range(0, 4).Select(i => new RomeEdit(Editing.Request, i / 3, new MlpProjection($"transformer.h.{i / 3}.mlp.c_proj", KeysFirst: true, 48, 12), rand(48).DetachFromDisposeScope(), rand(12).DetachFromDisposeScope(), []))];

    public static TheoryData<int[]> Orders => [.. Permutations([0, 1, 2, 3])];

    [Theory]
    [MemberData(nameof(Orders))]
    public void Undone_in_any_order_the_weights_are_as_they_were(int[] order)
    {
        Dictionary<string, Tensor> before = Weights();
        IDisposable[] applied = [.. _edits.Select(edit => edit.ApplyTo(_model.Model))];

        List<int> left = [0, 1, 2, 3];
        foreach (int next in order)
        {
            applied[next].Dispose();
            left.Remove(next);
            Same(Expected(before, left));
        }

        Same(before);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_permanent_edit_made_meanwhile_stays(bool firstUndoneFirst)
    {
        Dictionary<string, Tensor> before = Weights();
        IDisposable first = _edits[0].ApplyTo(_model.Model);
        _edits[1].ApplyPermanentlyTo(_model.Model);
        IDisposable last = _edits[2].ApplyTo(_model.Model);

        foreach (IDisposable applied in firstUndoneFirst ? [first, last] : (IDisposable[])[last, first])
            applied.Dispose();

        Same(Expected(before, [1]));
        _edits[0].ApplyTo(_model.Model).Dispose();
        Same(Expected(before, [1]));
    }

    [Fact]
    public void Edits_that_are_disposed_can_still_be_undone_and_made_again()
    {
        Dictionary<string, Tensor> before = Weights();
        Dictionary<string, Tensor> expected = Expected(before, [1]);
        IDisposable first = _edits[0].ApplyTo(_model.Model), second = _edits[1].ApplyTo(_model.Model);
        _edits[0].Dispose();
        _edits[1].Dispose();

        first.Dispose();
        Same(expected);
        second.Dispose();
        Same(before);
    }

    [Fact]
    public void Undoing_frees_what_was_kept()
    {
        long before = LiveTensors.Count();
        IDisposable[] applied = [.. _edits.Select(edit => edit.ApplyTo(_model.Model))];
        foreach (IDisposable one in applied)
            one.Dispose();
        foreach (IDisposable one in applied)
            one.Dispose();
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void Two_models_have_edits_of_their_own()
    {
        using nn.Module<Tensor, Tensor> copy = _model.Model.DeepCopy();
        Dictionary<string, Tensor> before = Weights();
        IDisposable one = _edits[0].ApplyTo(_model.Model), other = _edits[1].ApplyTo(copy);
        one.Dispose();
        Same(before);
        Assert.False(copy.GetParameter(_edits[1].Parameter).Equals(before[_edits[1].Parameter]));
        other.Dispose();
        Assert.True(copy.GetParameter(_edits[1].Parameter).Equals(before[_edits[1].Parameter]));
    }

    public void Dispose()
    {
        foreach (RomeEdit edit in _edits)
            edit.Dispose();
        _model.Dispose();
        _scope.Dispose();
    }

    private static IEnumerable<int[]> Permutations(int[] items) => items.Length <= 1
        ? [items]
        : items.SelectMany(first => Permutations([.. items.Where(item => item != first)]).Select(rest => (int[])[first, .. rest]));

    private Dictionary<string, Tensor> Expected(Dictionary<string, Tensor> before, IEnumerable<int> edits)
    {
        var weights = before.ToDictionary(pair => pair.Key, pair => pair.Value.clone());
        foreach (int edit in edits)
            weights[_edits[edit].Parameter].add_(_edits[edit].Delta());
        return weights;
    }

    private void Same(Dictionary<string, Tensor> expected) => Assert.All(Weights(), pair => Assert.True(pair.Value.Equals(expected[pair.Key]), pair.Key));

    private Dictionary<string, Tensor> Weights() =>
        _model.Model.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter.detach().clone());
}
