using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// A direction in what a layer gives, which is added to steer a model (Turner et al. 2023, "Activation Addition"): a vector, the layer that
/// it belongs to, the model, and how it was made. Immutable; owns its tensor.
/// </summary>
/// <example><code>
/// using var steering = SteeringVector.Load("cheerful.safetensors");
/// using Trace steer = steering.Attach(model.Model, strength: 4, TokenPart.NewTokens);
/// Console.WriteLine(model.Generate("I think that", 20));
/// </code></example>
public sealed partial class SteeringVector : IDisposable
{
    private const string Key = "vector", LayerNote = "layer", MethodNote = "method", ModelNote = "model";

    private readonly Tensor _vector;

    /// <summary>Makes a steering vector.</summary>
    /// <param name="layer">The path of the layer whose output it is added to.</param>
    /// <param name="vector">The vector, <c>[features]</c>, of finite numbers. It is copied, on the CPU, in single precision.</param>
    /// <param name="method">How it was made, in words; null says nothing.</param>
    /// <param name="model">The model that it was made for; null says nothing.</param>
    /// <exception cref="ArgumentException">The layer is empty, or the vector is not of that shape, or not finite.</exception>
    public SteeringVector(string layer, Tensor vector, string? method = null, string? model = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(layer);
        ArgumentNullException.ThrowIfNull(vector);
        if (vector.dim() != 1 || vector.numel() == 0 || !vector.is_floating_point())
            throw new ArgumentException($"A steering vector is [features], of floating-point numbers; this one is {vector.dtype} [{string.Join(", ", vector.shape)}].", nameof(vector));
        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        if (!vector.isfinite().all().item<bool>())
            throw new ArgumentException("The steering vector is not finite: the model would give NaN.", nameof(vector));
        (Layer, Method, Model) = (layer, method, model);
        _vector = vector.detach().to(ScalarType.Float32, CPU, copy: true).DetachFromDisposeScope();
    }

    /// <summary>The path of the layer whose output it is added to.</summary>
    public string Layer { get; }

    /// <summary>How it was made, in words; null if nobody said.</summary>
    public string? Method { get; }

    /// <summary>The model that it was made for, its type and a hash of its weights; null if nobody said.</summary>
    public string? Model { get; }

    /// <summary>The length of the vector.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public double Norm
    {
        get
        {
            using DisposeScope scope = NewDisposeScope();
            return Vector.norm().to(ScalarType.Float64).item<double>();
        }
    }

    /// <summary>The vector, Float32 <c>[features]</c>. A fresh handle at each read.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public Tensor Vector
    {
        get
        {
            ObjectDisposedException.ThrowIf(_vector.IsInvalid, this);
            return _vector.alias();
        }
    }

    /// <summary>Reads a file that <see cref="Save"/> wrote.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The steering vector, which is the caller's.</returns>
    /// <exception cref="CheckpointException">The file is missing or damaged, or holds no steering vector; the message names what is missing.</exception>
    public static SteeringVector Load(string path)
    {
        using var file = SafetensorsFile.Open(path);
        if (!file.Metadata.TryGetValue(LayerNote, out string? layer) || !file.Entries.ContainsKey(Key))
            throw new CheckpointException(path, Key, $"It is no steering vector: that is a file with the tensor '{Key}' [features] and the note '{LayerNote}'. Write it by SteeringVector.Save.");
        using DisposeScope scope = NewDisposeScope();
        try
        {
            return new(layer, file.Read(Key), file.Metadata.GetValueOrDefault(MethodNote), file.Metadata.GetValueOrDefault(ModelNote));
        }
        catch (ArgumentException e)
        {
            throw new CheckpointException(path, Key, e.Message, e);
        }
    }

    /// <summary>Writes a safetensors file: the tensor <c>vector</c>, with the layer's path, the method and the model in its notes.</summary>
    /// <param name="path">The file; it replaces what is there once it is complete.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path)
    {
        using Tensor vector = Vector;
        Dictionary<string, string> notes = new() { ["format"] = "pt", [LayerNote] = Layer };
        if (Method is not null)
            notes[MethodNote] = Method;
        if (Model is not null)
            notes[ModelNote] = Model;
        SafetensorsFile.Save(path, new Dictionary<string, Tensor> { [Key] = vector }, notes);
    }

    /// <summary>x ← x + strength · vector, in the activation's type and on its device.</summary>
    /// <param name="strength">How much of it is added.</param>
    /// <param name="part">Which tokens of a generation it acts on.</param>
    /// <returns>
    /// The intervention, which uses this object: dispose it afterwards. It throws <see cref="SteeringException"/> if an activation has another
    /// number of features.
    /// </returns>
    public Intervention Intervention(double strength = 1, TokenPart part = TokenPart.All) => new Intervention((value, layer) =>
    {
        if (value.shape.LastOrDefault(1) != _vector.shape[0])
            throw new SteeringException(layer, _vector.shape[0], value.shape);
        using DisposeScope scope = NewDisposeScope();
        return Interventions.Add(Vector.to(value.dtype, value.device), strength)(value, layer).MoveToOuterDisposeScope();
    }).On(part);

    /// <summary>Adds it to what the layer gives, until the trace is disposed.</summary>
    /// <param name="model">The model.</param>
    /// <param name="strength">How much of it is added.</param>
    /// <param name="part">Which tokens of a generation it acts on.</param>
    /// <param name="scope">Which calls are steered.</param>
    /// <returns>The trace, which keeps nothing. Dispose it to take the steering off.</returns>
    /// <exception cref="ModuleNotFoundException">The model has no such layer.</exception>
    /// <exception cref="ArgumentException">The layer does not return one tensor.</exception>
    public Trace Attach(nn.Module model, double strength = 1, TokenPart part = TokenPart.All, TraceScope scope = TraceScope.AllCalls) =>
        new(model, Layer, new() { EditOutput = Intervention(strength, part), RetainOutput = false, Scope = scope });

    /// <summary>The layer, the length, and how it was made.</summary>
    public override string ToString() => $"{Layer}, {_vector.shape[0]} features, norm {TextTable.Number(Norm, 2)}: {Method ?? "nobody said how it was made"}";

    /// <summary>Frees the vector.</summary>
    public void Dispose() => _vector.Dispose();
}
