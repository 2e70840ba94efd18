namespace NetHook;

/// <summary>How much a trace can see of a layer in a forward pass.</summary>
public enum LayerVisibility
{
    /// <summary>The layer ran, and its hooks with it.</summary>
    Seen,

    /// <summary>Code runs the layer by <c>forward()</c>, which runs no hooks: <see cref="VerifiedLayer.ForwardCall"/> says where.</summary>
    RunByForward,

    /// <summary>The layer is part of a scripted or native module, whose inside runs no hooks.</summary>
    InNativeCode,

    /// <summary>
    /// The layer only holds others and is not called itself: a ModuleList, a Sequential whose layers are run one by one, or a model of
    /// which another method than <c>forward</c> is used.
    /// </summary>
    Holder,

    /// <summary>The pass did not run the layer, as far as its code shows.</summary>
    NotReached,
}
