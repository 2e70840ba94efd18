using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>What tensors do with numbers in the one place that makes scalars: the same as TorchSharp's own operations.</summary>
public sealed class HeldScalarsTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    private static Tensor X => tensor(new[] { -1.5f, 0f, 2f });

    private static Tensor Y => tensor(new[] { 1f, 10f, 100f });

    private static Tensor Integers => tensor(new long[] { -2, 0, 3 });

    [Fact]
    public void Sums_are_those_of_TorchSharp()
    {
        TensorAssert.Same(X + Y, X.Plus(Y));
        TensorAssert.Same(X.add(Y, 0.5), X.Plus(Y, HeldScalars.Of(0.5)));
        TensorAssert.Same(X + 0.1, X.Plus(0.1));
        TensorAssert.Same(X + 2L, X.Plus(2L));
    }

    [Fact]
    public void Products_are_those_of_TorchSharp()
    {
        TensorAssert.Same(X * 0.1, X.Times(0.1));
        TensorAssert.Same(X * 0.1, X.Times(HeldScalars.Of(0.1)));
        TensorAssert.Same(X / 3.0, X.DividedBy(3));
        TensorAssert.Same(X.square(), X.Squared());
    }

    [Fact]
    public void Limits_are_those_of_TorchSharp()
    {
        TensorAssert.Same(X.clamp(-1, 1), X.Clamped(HeldScalars.Of(-1), HeldScalars.Of(1)));
        TensorAssert.Same(X.le(0), X.IsAtMost(0));
        TensorAssert.Same(X.eq(2), X.IsEqualTo(2));
        TensorAssert.Same(X.masked_fill(X.le(0), 7), X.WithFill(X.le(0), 7));
    }

    [Fact]
    public void Integers_stay_integers_with_integers_and_become_floats_with_floats()
    {
        TensorAssert.Same(Integers + 2L, Integers.Plus(2L));
        TensorAssert.Same(Integers * 3L, Integers.TimesInPlace(3L));
        TensorAssert.Same(Integers.clamp_max(1L), Integers.AtMostInPlace(1));
        TensorAssert.Same(Integers + 0.5, Integers.Plus(0.5));
        TensorAssert.Same(Integers * 0.5, Integers.Times(0.5));
        TensorAssert.Same(Integers / 2.0, Integers.DividedBy(2));
    }

    [Fact]
    public void Half_precision_keeps_its_type()
    {
        Tensor half = X.to(ScalarType.Float16);

        Assert.All([half.Plus(0.1), half.Times(0.1), half.DividedBy(3), half.Squared(), half.FilledWith(1)], result => Assert.Equal(ScalarType.Float16, result.dtype));
    }

    [Fact]
    public void Tensors_of_one_number_have_the_shape_and_type_asked_for()
    {
        TensorAssert.Same(full_like(X, 0.1), X.FilledWith(0.1));
        TensorAssert.Same(full([2, 3], 0.1, ScalarType.Float64), HeldScalars.Filled([2, 3], 0.1, ScalarType.Float64, CPU));
        TensorAssert.Same(full_like(X, double.NaN).isnan(), X.FilledWith(double.NaN).isnan());
    }

    [Fact]
    public void Ranges_count_from_zero()
    {
        TensorAssert.Same(arange(5L), HeldScalars.Range(5));
        TensorAssert.Same(arange(5L, ScalarType.Float32), HeldScalars.Range(5, ScalarType.Float32));
        TensorAssert.Same(arange(0L), HeldScalars.Range(0));
    }

    [Fact]
    public void Methods_in_place_change_the_tensor_and_return_it()
    {
        (Func<Tensor, Tensor> Change, Tensor Expected)[] changes =
        [
            (x => x.PlusInPlace(Y), X + Y),
            (x => x.TimesInPlace(0.1), X * 0.1),
            (x => x.ClampInPlace(-1, 1), X.clamp(-1, 1)),
            (x => x.FillInPlace(4), full_like(X, 4)),
            (x => x.FillInPlace(x.le(0), 4), X.masked_fill(X.le(0), 4)),
        ];
        foreach ((Func<Tensor, Tensor> change, Tensor expected) in changes)
        {
            Tensor x = X;
            TensorAssert.SameStorage(x, change(x));
            TensorAssert.Same(expected, x);
        }
    }

    [Fact]
    public void Results_join_the_scope_of_the_caller()
    {
        using Tensor x = X.DetachFromDisposeScope();
        Tensor inner;
        using (NewDisposeScope())
            inner = x.Times(2);
        using Tensor outer = x.Times(2).DetachFromDisposeScope();

        Assert.True(inner.IsInvalid);
        TensorAssert.Same(x * 2, outer);
    }

    [Fact]
    public void Gradients_flow_through()
    {
        Tensor x = X.requires_grad_();
        x.Times(3).Plus(x, HeldScalars.Of(2)).Plus(1.0).DividedBy(5).sum().backward();

        TensorAssert.Near(ones(3), x.grad!);
    }
}
