using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Each intervention against its formula, written out.</summary>
public class InterventionTests
{
    private readonly Tensor _x = randn(2, 3, 4);

    private Tensor Apply(Intervention intervention) => intervention(_x, "layer");

    [Fact]
    public void Zero_is_zeros() => TensorAssert.Same(zeros(2, 3, 4), Apply(Interventions.Zero()));

    [Fact]
    public void Mean_is_the_mean_over_the_batch_or_the_dimensions_given()
    {
        TensorAssert.Near(((_x[0] + _x[1]) / 2).expand(2, 3, 4), Apply(Interventions.Mean()));
        TensorAssert.Near(_x.mean().expand(2, 3, 4), Apply(Interventions.Mean(0, 1, 2)));
        TensorAssert.Near(_x.mean([-1L], keepdim: true).expand(2, 3, 4), Apply(Interventions.Mean(-1)));
    }

    [Fact]
    public void Add_adds_the_vector_times_the_factor()
    {
        Tensor vector = randn(4);
        TensorAssert.Near(_x + vector * 2.5, Apply(Interventions.Add(vector, 2.5)));
        TensorAssert.Near(_x + vector, Apply(Interventions.Add(vector)));
    }

    [Fact]
    public void Scale_multiplies() => TensorAssert.Near(_x * -3, Apply(Interventions.Scale(-3)));

    [Fact]
    public void Noise_has_the_standard_deviation_asked_for_and_repeats_with_its_seed()
    {
        Tensor large = zeros(100, 1000);
        Intervention noise = Interventions.Noise(0.5, seed: 1);
        Tensor first = noise(large, "layer");
        Assert.InRange(first.std().ToDouble(), 0.49, 0.51);
        Assert.InRange(first.mean().ToDouble(), -0.01, 0.01);
        Tensor second = noise(large, "layer");
        Assert.NotEqual(first, second);
        Intervention again = Interventions.Noise(0.5, seed: 1);
        TensorAssert.Same(first, again(large, "layer"));
        TensorAssert.Same(second, again(large, "layer"));
        Assert.NotEqual(first, Interventions.Noise(0.5, seed: 2)(large, "layer"));
    }

    [Fact]
    public void ProjectOut_leaves_nothing_along_the_direction_and_the_rest_as_it_was()
    {
        Tensor direction = randn(4) * 7;
        Tensor unit = direction / direction.norm();
        Tensor without = Apply(Interventions.ProjectOut(direction));
        TensorAssert.Near(zeros(2, 3), without.matmul(unit));
        TensorAssert.Near(_x - _x.matmul(unit).unsqueeze(-1) * unit, without);
    }

    [Fact]
    public void Clamp_bounds()
    {
        TensorAssert.Same(_x.clamp(-0.5, 0.25), Apply(Interventions.Clamp(-0.5, 0.25)));
        TensorAssert.Same(_x.relu(), Apply(Interventions.Clamp(lowest: 0)));
    }

    [Fact]
    public void Replace_patches_a_saved_activation_or_one_row_of_it()
    {
        Tensor saved = randn(1, 3, 4);
        TensorAssert.Same(saved.expand(2, 3, 4), Apply(Interventions.Replace(saved)));
    }

    [Fact]
    public void Then_does_the_first_first()
    {
        TensorAssert.Near((_x + 1) * 10, Apply(Interventions.Add(ones(1)).Then(Interventions.Scale(10))));
        TensorAssert.Near(_x * 10 + 1, Apply(Interventions.Scale(10).Then(Interventions.Add(ones(1)))));
    }

    public static TheoryData<Slice, string> Slices => new()
    {
        { Slice.Tokens(1), "[:,1]" },
        { Slice.Tokens(^1, 0), "[:,(0,2)]" },
        { Slice.Tokens(1..), "[:,(1,2)]" },
        { Slice.Channels(1), "[:,1]" },
        { Slice.Features(0, ^1), "[..,(0,3)]" },
        { Slice.Batch(1), "[1]" },
        { Slice.Along(-2, 2), "[:,2]" },
        { Slice.Heads(2, 1), "[..,(2,3)]" },
    };

    [Theory]
    [MemberData(nameof(Slices))]
    public void At_changes_the_slice_and_leaves_the_rest(Slice slice, string meaning)
    {
        Tensor mask = zeros(2, 3, 4, dtype: ScalarType.Bool);
        switch (meaning)
        {
            case "[:,1]": mask[TensorIndex.Colon, 1] = true; break;
            case "[:,2]": mask[TensorIndex.Colon, 2] = true; break;
            case "[:,(0,2)]": mask[TensorIndex.Colon, 0] = true; mask[TensorIndex.Colon, 2] = true; break;
            case "[:,(1,2)]": mask[TensorIndex.Colon, 1] = true; mask[TensorIndex.Colon, 2] = true; break;
            case "[..,(0,3)]": mask[TensorIndex.Ellipsis, 0] = true; mask[TensorIndex.Ellipsis, 3] = true; break;
            case "[..,(2,3)]": mask[TensorIndex.Ellipsis, 2] = true; mask[TensorIndex.Ellipsis, 3] = true; break;
            case "[1]": mask[1] = true; break;
            default: Assert.Fail(meaning); break;
        }

        TensorAssert.Same(where(mask, zeros_like(_x), _x), Apply(Interventions.Zero().At(slice)));
    }

    [Fact]
    public void At_may_be_narrowed_further()
    {
        Tensor edited = Apply(Interventions.Zero().At(Slice.Heads(2, 1)).At(Slice.Tokens(^1)));
        Tensor expected = _x.clone();
        expected[TensorIndex.Colon, 2, TensorIndex.Slice(2, 4)] = 0;
        TensorAssert.Same(expected, edited);
    }

    [Fact]
    public void Slice_takes_out_what_is_patched_in()
    {
        Tensor saved = randn(2, 3, 4);
        var slice = Slice.Tokens(2);
        Tensor expected = _x.clone();
        expected[TensorIndex.Colon, 2] = saved[TensorIndex.Colon, 2];
        TensorAssert.Same(expected, Apply(Interventions.Replace(slice.Of(saved)).At(slice)));
    }

    [Fact]
    public void Value_is_left_as_it_is_and_gradients_flow()
    {
        Tensor leaf = randn(2, 3, 4, requires_grad: true);
        Tensor before = leaf.detach().clone();
        Tensor edited = Interventions.Scale(3).At(Slice.Tokens(0)).Then(Interventions.ProjectOut(ones(4)))(leaf, "layer");
        edited.sum().backward();
        TensorAssert.Same(before, leaf.detach());
        Assert.NotNull(leaf.grad);
    }

    [Fact]
    public void Errors_name_both_shapes_and_the_layer()
    {
        Messages.Same(
            "Add at layer 'layer': a tensor of shape [5] does not fit an activation of shape [2, 3, 4]; each dimension, from the last, must be the same or 1.",
            () => Apply(Interventions.Add(ones(5))));
        Messages.Same(
            "Replace at layer 'layer': a tensor of shape [2, 2, 3, 4] does not fit an activation of shape [2, 3, 4]; each dimension, from the last, must be the same or 1.",
            () => Apply(Interventions.Replace(ones(2, 2, 3, 4))));
        Messages.Same(
            "Replace at layer 'layer': a tensor of shape [2, 3, 4] does not fit an activation of shape [2, 1, 4]; each dimension, from the last, must be the same or 1.",
            () => Apply(Interventions.Replace(_x).At(Slice.Tokens(1))));
        Messages.Same(
            "ProjectOut at layer 'layer': a direction of shape [3] does not fit an activation of shape [2, 3, 4]; its length must be that of the last dimension.",
            () => Apply(Interventions.ProjectOut(ones(3))));
        Messages.Same(
            "Tokens at layer 'layer': position 3 does not fit an activation of shape [2, 3, 4]; there are 3 along dimension 1.",
            () => Apply(Interventions.Zero().At(Slice.Tokens(3))));
        Messages.Same(
            "Heads at layer 'layer': a split into 3 heads does not fit an activation of shape [2, 3, 4]; the last dimension must be a multiple of it.",
            () => Apply(Interventions.Zero().At(Slice.Heads(3, 0))));
        Messages.Same(
            "Along at layer 'layer': dimension 3 does not fit an activation of shape [2, 3, 4]; it has 3 dimensions.",
            () => Apply(Interventions.Zero().At(Slice.Along(3, 0))));
        Messages.Same(
            "Add at layer 'layer': the tensor is Float64 on cpu and the activation Float32 on cpu. "
            + "Convert it once, with to(ScalarType.Float32, activation.device), before it is used.",
            () => Apply(Interventions.Add(ones(4, dtype: ScalarType.Float64))));
        Messages.Same(
            "Noise at layer 'layer': dtype Int64 does not fit an activation of shape [2]; noise needs a floating-point activation.",
            () => Interventions.Noise(1, 0)(zeros(2, dtype: ScalarType.Int64), "layer"));
        Messages.Same("Nothing lies between 1 and 0: give the lower bound first.", () => Interventions.Clamp(1, 0));
        Messages.Same("The direction is zero, which points nowhere. (Parameter 'direction')", () => Interventions.ProjectOut(zeros(3)));
        Messages.Same("No position is given: say which part the slice is. (Parameter 'positions')", () => Slice.Tokens());
    }
}
