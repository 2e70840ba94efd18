using static TorchSharp.torch;

namespace NetHook;

/// <summary>
/// A change of one activation: a function that serves as <see cref="TraceOptions.EditOutput"/> or
/// <see cref="TraceOptions.EditInput"/> of a layer whose output or input is one tensor. <see cref="Interventions"/>
/// makes them; <see cref="InterventionExtensions"/> limits them to a slice and puts them in order.
/// </summary>
/// <param name="value">The activation, which an intervention leaves as it is: others may hold it.</param>
/// <param name="layer">The layer's name, for error messages.</param>
/// <returns>
/// The activation that takes its place: the same shape and dtype. <see cref="Interventions"/> return a new tensor; one of your own
/// may also return the value itself, or, by the rules of <see cref="TraceOptions.EditOutput"/>, a tensor that lives elsewhere.
/// </returns>
public delegate Tensor Intervention(Tensor value, string layer);
