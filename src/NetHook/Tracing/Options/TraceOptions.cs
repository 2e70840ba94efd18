namespace NetHook;

/// <summary>What a <see cref="Trace"/> does at its layer: what it keeps, what it edits, and whether the pass stops there.</summary>
/// <remarks>
/// At a call of the layer things happen in this order: <see cref="EditInput"/>, the input is kept, the layer runs,
/// <see cref="EditOutput"/>, the output is kept, the stop. Options are immutable and may be shared by many traces.
/// </remarks>
public sealed class TraceOptions
{
    internal static readonly TraceOptions Default = new();

    /// <summary>Keep the layer's output, as it is after <see cref="EditOutput"/>. True by default.</summary>
    public bool RetainOutput { get; init; } = true;

    /// <summary>
    /// Keep the layer's input, as it was before the layer ran and after <see cref="EditInput"/>. Where the layer, or
    /// a layer inside it, is declared to work in place (<c>inplace: true</c>), the input is copied first. A layer of
    /// your own that overwrites its argument needs <see cref="Clone"/>, which copies too.
    /// </summary>
    public bool RetainInput { get; init; }

    /// <summary>
    /// Keep copies instead of references to the same storage, so that what is kept stays as it was when the model
    /// works in place later.
    /// </summary>
    public bool Clone { get; init; }

    /// <summary>Keep tensors cut off from the autograd graph. Without it, what is kept holds the graph in memory.</summary>
    public bool Detach { get; init; }

    /// <summary>
    /// Keep the gradient of the kept output, to be read from <see cref="Trace.Gradient"/> after <c>backward()</c>.
    /// What follows in the model is given a copy, so that in-place operations behind the layer do no harm. Where
    /// the output has no gradient of its own (a frozen model), the kept output becomes the leaf that collects it.
    /// A call where gradients are switched off (<c>no_grad</c>) is kept without one, and reading its gradient is an error.
    /// </summary>
    public bool RetainGrad { get; init; }

    /// <summary>
    /// Replaces what the layer returns. Any delegate: it is given <c>output</c>, <c>layer</c> (the name),
    /// <c>input</c> and <c>module</c>, by name first and the rest by order, and what it does not declare is not
    /// passed. It returns what the layer returns; a null leaves the output as it is (a lambda that returns nothing else says its type:
    /// <c>Tensor? (Tensor output) => null</c>). The <c>input</c> is as it was before the layer ran: if the layer is declared to work in place, and with
    /// <see cref="Clone"/>, the edit is given a copy. Functions of torch itself
    /// (<c>EditOutput = relu</c>) and forwards of modules are given the output, whatever they call their argument.
    /// </summary>
    /// <remarks>
    /// <para>The edit may return a tensor that it made, which the model then owns, or one that lives elsewhere, which stays
    /// its owner's: the model is given an alias of it. An alias is the same storage, so a layer behind that works in place
    /// (<c>inplace: true</c>, <c>x.add_(y)</c>) writes into that tensor too; return <c>saved.clone()</c>, or use
    /// <see cref="Interventions.Replace"/>, to keep it as it is. What the edit makes besides joins the dispose scope around
    /// the pass; when it throws, that is freed.</para>
    /// <para>An edit that makes its own layer run by <c>call()</c> is refused with an <see cref="InvalidOperationException"/>: use <c>forward()</c>.
    /// So is a result that is disposed.</para>
    /// <para>Lists, dictionaries and other objects are passed on themselves, so that a layer can fill a cache that was given
    /// to it. Only those of the edit's own that hold a tensor which lived before and was not in the value edited are rebuilt
    /// with aliases. An object of a type that is not known, made by the edit itself, is refused: <see cref="TensorTree.Register{T}"/>
    /// makes it known.</para>
    /// </remarks>
    /// <example><c>EditOutput = (Tensor output, string layer) => layer == "wte" ? output + noise : output</c></example>
    public Delegate? EditOutput { get; init; }

    /// <summary>
    /// Replaces what the layer is given. Any delegate, by the rules of <see cref="EditOutput"/>, given <c>input</c>,
    /// <c>layer</c> and <c>module</c>. A layer with several arguments has a tuple as its input.
    /// </summary>
    /// <example><c>EditInput = (Tensor input) => input * 2</c></example>
    public Delegate? EditInput { get; init; }

    /// <summary>
    /// Replaces the gradient that flows back through the layer's output. Any delegate, by the rules of
    /// <see cref="EditOutput"/>, given <c>gradient</c>, <c>layer</c> and <c>module</c>; it returns a tensor of the
    /// gradient's shape, or null to leave it as it is. It runs during <c>backward()</c>, for each tensor of the
    /// output that has a gradient.
    /// </summary>
    /// <remarks>
    /// What it throws cannot pass through libtorch: the gradients behind become NaN, and the exception is thrown when
    /// <see cref="Trace.Gradient"/> is read, at the layer's next call, and by <see cref="Trace.Run(Action)"/>. Once the trace is disposed,
    /// gradients pass through as they are.
    /// </remarks>
    /// <example><c>EditGradient = (Tensor gradient) => gradient.clamp(-1, 1)</c></example>
    public Delegate? EditGradient { get; init; }

    /// <summary>
    /// End the forward pass after the layer, by a <see cref="StopForwardException"/> that <see cref="Trace.Run(Action)"/>
    /// catches. In a <see cref="TraceDict"/>, after the layers that <see cref="StopRule"/> says.
    /// </summary>
    public bool Stop { get; init; }

    /// <summary>
    /// When a <see cref="TraceDict"/> of a list of layers, with <see cref="Stop"/>, ends the pass. Where it would decide nothing,
    /// without <see cref="Stop"/>, in a single trace, or where each layer has options of its own, <see cref="StopRule.AllListed"/> is refused.
    /// </summary>
    public StopRule StopRule { get; init; }

    /// <summary>How many calls are kept. The last one by default.</summary>
    public CallHistory History { get; init; }

    /// <summary>Which calls are seen. All of them by default.</summary>
    public TraceScope Scope { get; init; }

    internal static ArgumentException NoList(string here) => new(
        "StopRule.AllListed says when a pass has run a whole list of layers: make a TraceDict from the list and these options. " + here);

    /// <summary>Says which options contradict each other.</summary>
    /// <exception cref="ArgumentException">Two options contradict each other.</exception>
    internal void Validate()
    {
        if (RetainGrad && Detach)
        {
            throw new ArgumentException(
                "RetainGrad and Detach contradict each other: a detached output has no gradient. Set one of them; "
                + "the gradient itself is never part of the graph.");
        }

        if (RetainGrad && !RetainOutput)
        {
            throw new ArgumentException(
                "RetainGrad keeps the gradient on the kept output, and RetainOutput is false. Set RetainOutput = true.");
        }

        if (StopRule != StopRule.LastListed && !Stop)
        {
            throw new ArgumentException(
                $"StopRule.{StopRule} says when Stop ends the pass, and Stop is false. Set Stop = true, or leave StopRule out.");
        }
    }
}
