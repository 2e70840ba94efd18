using System.Reflection;
using System.Runtime.CompilerServices;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>
/// The only place that reaches into TorchSharp beyond its public API. What is used is listed in <see cref="Required"/>
/// and checked once: with a TorchSharp that lays its modules out differently, the first use says so, and nothing is done.
/// </summary>
internal static partial class TorchSharpInternals
{
    private const string SupportedVersion = "0.107";

    /// <summary>Every non-public member relied upon: the declaring type, the field, and the field's type as .NET writes it.</summary>
    internal static readonly IReadOnlyList<(Type Owner, string Field, string FieldType)> Required =
    [
        (typeof(Module), "_internal_submodules", "TorchSharp.Utils.OrderedDict`2[System.String,TorchSharp.torch+nn+Module]"),
        (typeof(Module), "_internal_params", "TorchSharp.Utils.OrderedDict`2[System.String,TorchSharp.Modules.Parameter]"),
        (typeof(Module), "_internal_buffers", "TorchSharp.Utils.OrderedDict`2[System.String,System.ValueTuple`2[TorchSharp.torch+Tensor,System.Boolean]]"),
        (typeof(Module), "handle", "TorchSharp.torch+nn+Module+HType"),
        (typeof(Module), "name", "System.String"),
        (typeof(Module), "_deviceType", "TorchSharp.DeviceType"),
        (typeof(Module), "_deviceIndex", "System.Int32"),
        (typeof(Module), "_areComponentsRegistered", "System.Boolean"),
        (typeof(LSTM), "_batch_first", "System.Boolean"),
        (typeof(GRU), "_batch_first", "System.Boolean"),
        (typeof(RNN), "_batch_first", "System.Boolean"),
        (typeof(HookableModule<,>), "pre_hooks", "System.Collections.Generic.Dictionary`2[System.String,TPreHook]"),
        (typeof(HookableModule<,>), "post_hooks", "System.Collections.Generic.Dictionary`2[System.String,TPostHook]"),
        (typeof(jit.HookableScriptModule<,>), "pre_hooks", "System.Collections.Generic.Dictionary`2[System.String,TPreHook]"),
        (typeof(jit.HookableScriptModule<,>), "post_hooks", "System.Collections.Generic.Dictionary`2[System.String,TPostHook]"),
        (typeof(Sequential), "_modules", "System.Collections.Generic.List`1[TorchSharp.torch+nn+IModule`2[TorchSharp.torch+Tensor,TorchSharp.torch+Tensor]]"),
        (typeof(Sequential), "_names", "System.Collections.Generic.List`1[System.String]"),
        .. GenericSequentials.SelectMany(type => new[]
        {
            (type, "_modules", "System.Collections.Generic.List`1[TorchSharp.torch+nn+Module]"),
            (type, "_names", "System.Collections.Generic.List`1[System.String]"),
        }),
        (typeof(ModuleList<>), "_list", "System.Collections.Generic.List`1[T]"),
        (typeof(ModuleDict<>), "_list", "System.Collections.Generic.List`1[System.ValueTuple`2[System.String,T]]"),
        (typeof(Tensor), "<OwningDisposeScope>k__BackingField", "TorchSharp.DisposeScope"),
        (typeof(ModuleDict<>), "_dict", "System.Collections.Generic.Dictionary`2[System.String,T]"),
    ];

    /// <summary>The native functions that TorchSharp binds for itself, and that are relied upon.</summary>
    internal static readonly IReadOnlyList<string> RequiredFunctions =
    [
        "THSNN_Module_is_training", "THSNN_Module_train", "THSNN_Embedding_set_weight", "THSNN_EmbeddingBag_set_weight",
        "THSStorage_data_ptr", "THSStorage_nbytes",
    ];

    private static readonly string? Problem = FindProblem(Required) ?? FindMissingFunction(RequiredFunctions);

    private static IEnumerable<Type> Hookable => [typeof(HookableModule<,>), typeof(jit.HookableScriptModule<,>)];

    private static IEnumerable<Type> GenericSequentials =>
    [
        typeof(Sequential<,>), typeof(Sequential<,,>), typeof(Sequential<,,,>),
        typeof(Sequential<,,,,>), typeof(Sequential<,,,,,>), typeof(Sequential<,,,,,,>),
    ];

    /// <summary>Throws if the TorchSharp that was loaded is not one this library knows from the inside; costs nothing otherwise.</summary>
    internal static void EnsureSupported()
    {
        if (Problem is not null)
            throw new NotSupportedException(Problem);
    }

    /// <summary>The children registered with a module, in order. Containers that keep a list of their own may hold others.</summary>
    internal static OrderedDict<string, Module> Submodules(Module module)
    {
        EnsureSupported();
        return SubmodulesField(module);
    }

    internal static OrderedDict<string, Parameter> Parameters(Module module)
    {
        EnsureSupported();
        return ParametersField(module);
    }

    /// <summary>The buffers of a module itself, each with whether it is persistent.</summary>
    internal static OrderedDict<string, (Tensor Buffer, bool Persistent)> Buffers(Module module)
    {
        EnsureSupported();
        return BuffersField(module);
    }

    /// <summary>The layers of a <see cref="TorchSharp.Modules.Sequential"/>, in order, and their names at the same positions.</summary>
    internal static (List<IModule<Tensor, Tensor>> Modules, List<string> Names) Layers(Sequential sequential)
    {
        EnsureSupported();
        return (SequentialModulesField(sequential), SequentialNamesField(sequential));
    }

    /// <summary>
    /// The fields of the generic Sequential that <paramref name="type"/> is or derives from, to be read with
    /// <see cref="FieldInfo.GetValue(object)"/> as a list of <see cref="Module"/> and a list of <see cref="string"/>; null if it is none.
    /// </summary>
    internal static (FieldInfo Modules, FieldInfo Names)? GenericSequentialFields(Type type)
    {
        EnsureSupported();
        for (Type? ancestor = type; ancestor is not null; ancestor = ancestor.BaseType)
        {
            if (IsGenericSequential(ancestor))
                return (Field(ancestor, "_modules")!, Field(ancestor, "_names")!);
        }

        return null;
    }

    /// <summary>The hooks that run after a module, whatever its arguments; none for a module that has no hooks.</summary>
    internal static IEnumerable<Delegate> PostHooks(Module module)
    {
        EnsureSupported();
        for (Type? type = module.GetType(); type is not null; type = type.BaseType)
        {
            if (type.IsGenericType && Hookable.Contains(type.GetGenericTypeDefinition()))
                return ((System.Collections.IDictionary)Field(type, "post_hooks")!.GetValue(module)!).Values.Cast<Delegate>();
        }

        return [];
    }

    /// <summary>The dispose scope that a tensor belongs to, if any.</summary>
    internal static DisposeScope? OwningScope(Tensor tensor)
    {
        EnsureSupported();
        return OwningScopeField(tensor);
    }

    /// <summary>Whether the type is, not only derives from, one of the Sequentials of other arguments than one tensor.</summary>
    internal static bool IsGenericSequential(Type type) => type.IsGenericType && GenericSequentials.Contains(type.GetGenericTypeDefinition());

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_internal_submodules")]
    private static extern ref OrderedDict<string, Module> SubmodulesField(Module module);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_internal_params")]
    private static extern ref OrderedDict<string, Parameter> ParametersField(Module module);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_internal_buffers")]
    private static extern ref OrderedDict<string, (Tensor, bool)> BuffersField(Module module);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "<OwningDisposeScope>k__BackingField")]
    private static extern ref DisposeScope? OwningScopeField(Tensor tensor);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_modules")]
    private static extern ref List<IModule<Tensor, Tensor>> SequentialModulesField(Sequential sequential);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_names")]
    private static extern ref List<string> SequentialNamesField(Sequential sequential);

    private static FieldInfo? Field(Type owner, string name) =>
        owner.GetField(name, BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.DeclaredOnly);

    /// <summary>What is missing from the TorchSharp loaded, as a sentence for the user; null if nothing is.</summary>
    internal static string? FindProblem(IEnumerable<(Type Owner, string Field, string FieldType)> required)
    {
        foreach ((Type owner, string field, string fieldType) in required)
        {
            if (Field(owner, field) is not { } found || found.FieldType.ToString() != fieldType)
            {
                return Unsupported($"whose {TypeNames.Of(owner)} has no field '{field}' of the type expected");
            }
        }

        return null;
    }

    /// <summary>What native function the TorchSharp loaded does not bind, as a sentence for the user; null if it binds all.</summary>
    internal static string? FindMissingFunction(IEnumerable<string> required)
    {
        var bound = Type.GetType(NativeMethods, throwOnError: false)?.GetMethods(BindingFlags.Static | BindingFlags.NonPublic).Select(method => method.Name).ToHashSet();
        string? missing = required.FirstOrDefault(function => bound?.Contains(function) != true);
        return missing is null ? null : Unsupported($"which does not bind {missing}");
    }

    private static string Unsupported(string difference) =>
        $"NetHook supports TorchSharp {SupportedVersion}; TorchSharp {typeof(torch).Assembly.GetName().Version?.ToString(3) ?? "unknown"} was loaded, "
        + $"{difference}. Reference TorchSharp {SupportedVersion}, or a newer NetHook.";

    /// <summary>
    /// The dictionaries in which a module keeps its hooks, by reference, so that a changed copy can take a dictionary's
    /// place while other threads still walk through the old one.
    /// </summary>
    internal static class Hooks<TPreHook, TPostHook>
    {
        internal static ref Dictionary<string, TPreHook> Before(HookableModule<TPreHook, TPostHook> module)
        {
            EnsureSupported();
            return ref PreHooksField(module);
        }

        internal static ref Dictionary<string, TPostHook> After(HookableModule<TPreHook, TPostHook> module)
        {
            EnsureSupported();
            return ref PostHooksField(module);
        }

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "pre_hooks")]
        private static extern ref Dictionary<string, TPreHook> PreHooksField(HookableModule<TPreHook, TPostHook> module);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "post_hooks")]
        private static extern ref Dictionary<string, TPostHook> PostHooksField(HookableModule<TPreHook, TPostHook> module);
    }

    /// <summary>The same for scripted modules.</summary>
    internal static class ScriptHooks<TPreHook, TPostHook>
    {
        internal static ref Dictionary<string, TPreHook> Before(jit.HookableScriptModule<TPreHook, TPostHook> module)
        {
            EnsureSupported();
            return ref PreHooksField(module);
        }

        internal static ref Dictionary<string, TPostHook> After(jit.HookableScriptModule<TPreHook, TPostHook> module)
        {
            EnsureSupported();
            return ref PostHooksField(module);
        }

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "pre_hooks")]
        private static extern ref Dictionary<string, TPreHook> PreHooksField(jit.HookableScriptModule<TPreHook, TPostHook> module);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "post_hooks")]
        private static extern ref Dictionary<string, TPostHook> PostHooksField(jit.HookableScriptModule<TPreHook, TPostHook> module);
    }

    /// <summary>The list behind a <see cref="TorchSharp.Modules.ModuleList{T}"/>, which its registrations need not agree with.</summary>
    internal static class Lists<T>
        where T : Module
    {
        internal static List<T> Items(ModuleList<T> list)
        {
            EnsureSupported();
            return ItemsField(list);
        }

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_list")]
        private static extern ref List<T> ItemsField(ModuleList<T> list);
    }

    /// <summary>The list and the dictionary behind a <see cref="TorchSharp.Modules.ModuleDict{T}"/>, which its registrations need not agree with.</summary>
    internal static class Dicts<T>
        where T : Module
    {
        internal static (List<(string Name, T Module)> Items, Dictionary<string, T> ByName) Items(ModuleDict<T> dict)
        {
            EnsureSupported();
            return (ItemsField(dict), ByNameField(dict));
        }

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_list")]
        private static extern ref List<(string, T)> ItemsField(ModuleDict<T> dict);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_dict")]
        private static extern ref Dictionary<string, T> ByNameField(ModuleDict<T> dict);
    }
}
