using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class SteeringVectorTests : IDisposable
{
    private const string Layer = "transformer.h.1";

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void What_is_saved_is_read_again()
    {
        Tensor vector = linspace(-1, 1, 12, ScalarType.Float64);
        using (var saved = new SteeringVector(Layer, vector, "difference of means"))
            saved.Save(_folder["a.safetensors"]);
        using (var bare = new SteeringVector(Layer, vector))
            bare.Save(_folder["b.safetensors"]);

        using var read = SteeringVector.Load(_folder["a.safetensors"]);
        using var other = SteeringVector.Load(_folder["b.safetensors"]);

        Assert.Equal((Layer, "difference of means", null), (read.Layer, read.Method, other.Method));
        Assert.Equal(vector.to(ScalarType.Float32).data<float>(), read.Vector.data<float>());
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void It_is_added_in_the_type_of_the_activation(ScalarType dtype)
    {
        using Gpt2 model = Tiny.Model(Speaking.Config, dtype);
        using var steering = new SteeringVector(Layer, ones(12));
        Tensor ids = tensor([1L, 2, 3], [1, 3]);
        using var trace = new Trace(model, Layer);
        model.call(ids);
        Tensor plain = trace.Output;
        using (steering.Attach(model, 4))
        {
            using var steered = new Trace(model, Layer);
            model.call(ids);
            Assert.Equal(dtype, steered.Output.dtype);
            Assert.True(steered.Output.allclose(plain + 4, 1e-2, 1e-2));
        }

        model.call(ids);
        Assert.Equal(plain.bytes.ToArray(), trace.Output.bytes.ToArray());
    }

    [Fact]
    public void It_acts_on_the_part_of_a_generation_that_is_asked_for()
    {
        using Gpt2 model = Tiny.Model(Speaking.Config);
        using var steering = new SteeringVector(Layer, linspace(-1, 1, 12));
        IReadOnlyList<int> expected;
        using (new Trace(model, Layer, new() { EditOutput = Interventions.Add(linspace(-1, 1, 12), 3).On(TokenPart.NewTokens) }))
            expected = model.Generate([1, 2], 6);

        using Trace trace = steering.Attach(model, 3, TokenPart.NewTokens);

        Assert.Equal(expected, model.Generate([1, 2], 6));
    }

    [Fact]
    public void What_is_no_steering_vector_is_refused()
    {
        Assert.Contains("not finite", Assert.Throws<ArgumentException>(() => new SteeringVector(Layer, tensor(new[] { 1, float.NaN }))).Message);
        Assert.Contains("[2, 2]", Assert.Throws<ArgumentException>(() => new SteeringVector(Layer, zeros(2, 2))).Message);
        Assert.Contains("Int64", Assert.Throws<ArgumentException>(() => new SteeringVector(Layer, zeros(2, ScalarType.Int64))).Message);
        Assert.Throws<ArgumentException>(() => new SteeringVector("", zeros(2)));
        SafetensorsFile.Save(_folder["x.safetensors"], new Dictionary<string, Tensor> { ["vector"] = zeros(3) });
        Assert.Contains("no steering vector", Assert.Throws<CheckpointException>(() => SteeringVector.Load(_folder["x.safetensors"])).Message);
        SafetensorsFile.Save(_folder["y.safetensors"], new Dictionary<string, Tensor> { ["vector"] = zeros(3, 3) }, new Dictionary<string, string> { ["layer"] = Layer });
        Assert.Contains("[3, 3]", Assert.Throws<CheckpointException>(() => SteeringVector.Load(_folder["y.safetensors"])).Message);
        Assert.Throws<CheckpointException>(() => SteeringVector.Load(_folder["none"]));
    }

    [Fact]
    public void Its_tensor_is_a_copy_that_goes_with_it()
    {
        Tensor vector = zeros(12);
        var steering = new SteeringVector(Layer, vector);
        vector.add_(1);
        Tensor read = steering.Vector;
        steering.Dispose();

        Assert.Equal(0, read.sum().item<float>());
        Assert.Throws<ObjectDisposedException>(() => steering.Vector);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _scope.Dispose();
    }
}
