using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Interventions that differ by row of the batch.</summary>
public class RowInterventionTests
{
    private readonly Tensor _x = randn(3, 4, 2);

    [Fact]
    public void Rows_are_picked_by_number_or_range()
    {
        Tensor zeroed = Interventions.Zero().At(Slice.Rows(0, ^1))(_x, "layer");
        TensorAssert.Same(cat([zeros(1, 4, 2), _x.narrow(0, 1, 1), zeros(1, 4, 2)]), zeroed);
        TensorAssert.Same(cat([_x.narrow(0, 0, 1), zeros(2, 4, 2)]), Interventions.Zero().At(Slice.Rows(1..))(_x, "layer"));
        TensorAssert.Same(_x.narrow(0, 1, 1), Slice.Rows(1).Of(_x));
    }

    [Fact]
    public void Each_row_has_its_own_intervention()
    {
        Tensor vectors = randn(3, 2);
        Tensor edited = Interventions.ByRow(row => row == 1 ? null : Interventions.Add(vectors[row]).At(Slice.Tokens(row..)))(_x, "layer");

        TensorAssert.Same(_x[0] + vectors[0], edited[0]);
        TensorAssert.Same(_x[1], edited[1]);
        TensorAssert.Same(cat([_x[2].narrow(0, 0, 2), _x[2].narrow(0, 2, 2) + vectors[2]]), edited[2]);
    }

    [Fact]
    public void What_was_given_stays_as_it_was()
    {
        Tensor before = _x.clone();
        Interventions.ByRow(_ => Interventions.Scale(3))(_x, "layer");
        TensorAssert.Same(before, _x);
        Assert.False(ReferenceEquals(_x, Interventions.ByRow(_ => null)(_x, "layer")));
    }

    [Fact]
    public void A_result_of_another_shape_is_refused()
    {
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => Interventions.ByRow(row => (value, _) => value[0])(_x, "h.0"));
        Assert.Equal("ByRow at layer 'h.0': what was made of row 0, of shape [4, 2], does not fit an activation of shape [1, 4, 2]; an intervention keeps the shape.", error.Message);
        Assert.Contains("it has 0 dimensions", Assert.Throws<InvalidOperationException>(() => Interventions.ByRow(_ => null)(tensor(1f), "h.0")).Message);
        Assert.Throws<ArgumentNullException>(() => Interventions.ByRow(null!));
    }
}
