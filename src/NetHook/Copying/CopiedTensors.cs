using TorchSharp.Modules;
using static TorchSharp.torch;

namespace NetHook;

/// <summary>
/// The tensors of one copy. A tensor is known by what it is, not by the object that holds it, since TorchSharp gives
/// out several handles of one tensor; and views of one storage stay views of one storage.
/// </summary>
internal sealed class CopiedTensors(CopyContext context)
{
    private readonly Dictionary<nint, Tensor> _byIdentity = [];
    private readonly Dictionary<nint, Tensor> _byStorage = [];
    private readonly List<Tensor> _temporary = [];
    private readonly List<Tensor> _made = [];

    internal Tensor Copy(Tensor original)
    {
        // A handle that was disposed holds nothing that could be copied or shared.
        if (original.IsInvalid)
            return original;
        if (original.GetType() is var type && type != typeof(Tensor) && type != typeof(Parameter))
            throw context.Refused(type, "it is a kind of tensor that NetHook does not know");

        nint identity = TorchSharpInternals.Identity(original);
        if (_byIdentity.TryGetValue(identity, out Tensor? known))
            return Keep(original is Parameter ? TorchSharpInternals.TakeAsParameter(known.alias()) : known.alias(), original);
        if (!original.is_leaf)
            throw context.Refused(type, "it is a result within an autograd graph, of which a copy cannot be a part; keep it detached, or set it to null first");

        Tensor copy = Clone(original);
        if (original.requires_grad)
            copy.requires_grad = true;
        CopyGradient(original, copy);
        _byIdentity.Add(identity, copy);
        return Keep(copy, original);
    }

    /// <summary>Copies a tensor that nothing in .NET will hold a handle of once the copy is complete.</summary>
    internal Tensor CopyForNative(Tensor original)
    {
        Tensor copy = Copy(original);
        _temporary.Add(copy);
        return copy;
    }

    /// <summary>Makes a tensor that a native module made the copy of another.</summary>
    internal void Adopt(Tensor copy, Tensor original, bool sameValues = false)
    {
        if (!_byIdentity.TryAdd(TorchSharpInternals.Identity(original), copy))
            throw context.Refused(original.GetType(), "it is tied to a weight elsewhere in the model, and TorchSharp cannot tie the weights of this layer");
        if (!sameValues)
            copy.copy_(original);
        copy.requires_grad = original.requires_grad;
        CopyGradient(original, copy);
        Keep(copy, original);
    }

    /// <summary>To be called once all is copied: from here on the copies live as long as their model does.</summary>
    internal void Complete()
    {
        foreach (Tensor tensor in _made)
            tensor.DetachFromDisposeScope();
        foreach (Tensor tensor in _temporary)
            tensor.Dispose();
    }

    private Tensor Keep(Tensor copy, Tensor original)
    {
        copy.name = original.name;
        _made.Add(copy);
        return copy;
    }

    private Tensor Clone(Tensor original)
    {
        // Sparse tensors have no storage, those on the meta device and empty ones no address to tell it by.
        nint address = original.is_sparse ? 0 : TorchSharpInternals.StorageAddress(original);
        if (address == 0)
            return AsKindOf(original, original.clone());
        if (_byStorage.TryGetValue(address, out Tensor? storage))
            return AsKindOf(original, View(storage, original));

        long bytes = TorchSharpInternals.StorageBytes(original);
        if (bytes == original.numel() * original.ElementSize && IsDense(original))
        {
            Tensor copy = AsKindOf(original, original.clone());
            _byStorage.Add(address, copy);
            return copy;
        }

        // A view: the rest of its storage may belong to others, and may be written through them.
        using Tensor all = original.as_strided([bytes / original.ElementSize], [1]);
        Tensor whole = all.clone();
        _byStorage.Add(address, whole);
        _temporary.Add(whole);
        return AsKindOf(original, View(whole, original));
    }

    private Tensor View(Tensor storage, Tensor original)
    {
        if (storage.dtype != original.dtype)
            throw context.Refused(original.GetType(), "it shows a storage as another type than some other tensor does");
        using Tensor detached = storage.detach();
        return detached.as_strided(original.shape, original.stride(), original.storage_offset());
    }

    private static Tensor AsKindOf(Tensor original, Tensor copy) =>
        original is Parameter ? TorchSharpInternals.TakeAsParameter(copy) : copy;

    /// <summary>Whether the elements fill a block of memory without gaps or overlap, so that a clone has the same strides.</summary>
    private static bool IsDense(Tensor tensor)
    {
        if (tensor.is_contiguous())
            return true;
        long expected = 1L;
        foreach ((long stride, long size) in tensor.stride().Zip(tensor.shape).Where(dimension => dimension.Second != 1).OrderBy(dimension => dimension.First))
        {
            if (stride != expected)
                return false;
            expected *= size;
        }

        return true;
    }

    private static void CopyGradient(Tensor original, Tensor copy)
    {
        using Tensor? gradient = original.grad;
        if (gradient is null)
            return;
        using Tensor clone = gradient.clone();
        copy.grad = clone;
    }
}
