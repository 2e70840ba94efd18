using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>What copying a module needs beyond its registrations: the native side, and the state of the base class.</summary>
internal static unsafe partial class TorchSharpInternals
{
    private const string NativeMethods = "TorchSharp.PInvoke.NativeMethods, TorchSharp";
    private const string ModuleHandleType = "TorchSharp.torch+nn+Module+HType, TorchSharp";

    private static readonly FieldInfo HandleField = Field(typeof(Module), "handle")!;

    /// <summary>TorchSharp binds most of its native library; this function it exports and does not bind.</summary>
    private static readonly Lazy<nint> NativeChild = new(() => NativeLibrary.GetExport(
        NativeLibrary.Load("LibTorchSharp", typeof(torch).Assembly, null), "THSNN_Module_child"));

    /// <summary>The module's native side. It is invalid once the module is disposed.</summary>
    internal static SafeHandle NativeHandle(Module module)
    {
        EnsureSupported();
        return (SafeHandle)HandleField.GetValue(module)!;
    }

    /// <summary>The mode of this module alone, whatever it overrides.</summary>
    internal static bool IsTraining(Module module) => IsTrainingNatively(null, NativeHandle(module));

    /// <summary>Sets the mode of this module alone, and of what it contains natively; no override runs.</summary>
    internal static void SetTraining(Module module, bool training) => TrainNatively(null, NativeHandle(module), training);

    /// <summary>Gives an embedding another weight without registering it.</summary>
    internal static void SetNativeWeight(Embedding embedding, Tensor weight) =>
        SetEmbeddingWeight(null, NativeHandle(embedding), weight.Handle);

    /// <summary>Gives an embedding bag another weight without registering it.</summary>
    internal static void SetNativeWeight(EmbeddingBag bag, Tensor weight) =>
        SetEmbeddingBagWeight(null, NativeHandle(bag), weight.Handle);

    internal static bool IsBatchFirst(LSTM module) => BatchFirstField(module);

    internal static bool IsBatchFirst(GRU module) => BatchFirstField(module);

    internal static bool IsBatchFirst(RNN module) => BatchFirstField(module);

    /// <summary>A new reference, to be owned by a module, to one that a native module contains; zero-based, in the order of native registration.</summary>
    internal static nint NewNativeChild(Module parent, int index)
    {
        SafeHandle handle = NativeHandle(parent);
        nint child = ((delegate* unmanaged<nint, int, nint>)NativeChild.Value)(handle.DangerousGetHandle(), index);
        GC.KeepAlive(parent);
        return child;
    }

    /// <summary>Tells two handles of one tensor from two tensors: a handle's only content is the address of the tensor itself.</summary>
    internal static nint Identity(Tensor tensor) => Marshal.ReadIntPtr(tensor.Handle);

    /// <summary>Where the tensor's storage begins; zero if it has none.</summary>
    internal static nint StorageAddress(Tensor tensor) => StorageDataPointer(null, tensor.Handle);

    /// <summary>The size of the whole storage, of which a view shows a part.</summary>
    internal static long StorageBytes(Tensor tensor) => (long)StorageByteCount(null, tensor.Handle);

    /// <summary>Makes a parameter of a tensor's handle, and the tensor invalid. Unlike <c>Parameter(Tensor)</c> it keeps the count of live tensors right.</summary>
    internal static Parameter TakeAsParameter(Tensor tensor) => NewParameter(tensor.DetachFromDisposeScope().DecoupleFromNativeHandle());

    /// <summary>The state of the base class which no constructor argument sets.</summary>
    internal static void CopyBaseState(Module from, Module to)
    {
        EnsureSupported();
        NameField(to) = NameField(from);
        DeviceTypeField(to) = DeviceTypeField(from);
        DeviceIndexField(to) = DeviceIndexField(from);
        ComponentsRegisteredField(to) = ComponentsRegisteredField(from);
    }

    /// <summary>Registers what the module's fields hold, as TorchSharp does when the module becomes a child.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "RegisterComponents")]
    internal static extern void RegisterComponents(Module module);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "name")]
    private static extern ref string? NameField(Module module);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_deviceType")]
    private static extern ref DeviceType DeviceTypeField(Module module);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_deviceIndex")]
    private static extern ref int DeviceIndexField(Module module);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_areComponentsRegistered")]
    private static extern ref bool ComponentsRegisteredField(Module module);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_batch_first")]
    private static extern ref bool BatchFirstField(LSTM module);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_batch_first")]
    private static extern ref bool BatchFirstField(GRU module);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_batch_first")]
    private static extern ref bool BatchFirstField(RNN module);

    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    private static extern Parameter NewParameter(nint handle);

    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    internal static extern Module NewModule(nint handle, nint? boxedHandle, bool ownsHandle);

    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    internal static extern MultiheadAttention NewMultiheadAttention(nint handle, nint boxedHandle);

    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    internal static extern TransformerEncoderLayer NewTransformerEncoderLayer(nint handle, nint boxedHandle);

    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    internal static extern TransformerDecoderLayer NewTransformerDecoderLayer(nint handle, nint boxedHandle);

    [UnsafeAccessor(UnsafeAccessorKind.StaticMethod, Name = "THSNN_Module_is_training")]
    private static extern bool IsTrainingNatively([UnsafeAccessorType(NativeMethods)] object? methods, [UnsafeAccessorType(ModuleHandleType)] object handle);

    [UnsafeAccessor(UnsafeAccessorKind.StaticMethod, Name = "THSNN_Module_train")]
    private static extern void TrainNatively(
        [UnsafeAccessorType(NativeMethods)] object? methods, [UnsafeAccessorType(ModuleHandleType)] object handle, bool on);

    [UnsafeAccessor(UnsafeAccessorKind.StaticMethod, Name = "THSNN_Embedding_set_weight")]
    private static extern void SetEmbeddingWeight(
        [UnsafeAccessorType(NativeMethods)] object? methods, [UnsafeAccessorType(ModuleHandleType)] object handle, nint weight);

    [UnsafeAccessor(UnsafeAccessorKind.StaticMethod, Name = "THSNN_EmbeddingBag_set_weight")]
    private static extern void SetEmbeddingBagWeight(
        [UnsafeAccessorType(NativeMethods)] object? methods, [UnsafeAccessorType(ModuleHandleType)] object handle, nint weight);

    [UnsafeAccessor(UnsafeAccessorKind.StaticMethod, Name = "THSStorage_data_ptr")]
    private static extern nint StorageDataPointer([UnsafeAccessorType(NativeMethods)] object? methods, nint tensor);

    [UnsafeAccessor(UnsafeAccessorKind.StaticMethod, Name = "THSStorage_nbytes")]
    private static extern ulong StorageByteCount([UnsafeAccessorType(NativeMethods)] object? methods, nint tensor);
}
