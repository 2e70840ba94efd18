using static TorchSharp.torch;

namespace NetHook;

/// <summary>
/// A change of one activation: a function that serves as <see cref="TraceOptions.EditOutput"/> or
/// <see cref="TraceOptions.EditInput"/> of a layer whose output or input is one tensor. <see cref="Interventions"/>
/// makes them; <see cref="InterventionExtensions"/> limits them to a slice and puts them in order.
/// </summary>
/// <param name="value">The activation. An intervention returns a new tensor and leaves it as it is.</param>
/// <param name="layer">The layer's name, for error messages.</param>
/// <returns>The activation that takes its place: the same shape and dtype.</returns>
public delegate Tensor Intervention(Tensor value, string layer);
