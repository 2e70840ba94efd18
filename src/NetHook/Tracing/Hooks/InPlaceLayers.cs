using System.Collections.Concurrent;
using System.Reflection;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>Knows the layers that are declared to overwrite their input: TorchSharp's convention is a property <c>inplace</c>.</summary>
internal static class InPlaceLayers
{
    private static readonly ConcurrentDictionary<Type, PropertyInfo?> Properties = new();

    public static bool Contains(Module module) => IsInPlace(module) || module.modules().Any(IsInPlace);

    private static bool IsInPlace(Module module)
    {
        PropertyInfo? property = Properties.GetOrAdd(module.GetType(), static type =>
            type.GetProperty("inplace", BindingFlags.Public | BindingFlags.Instance) is { CanRead: true } found
            && found.PropertyType == typeof(bool) ? found : null);
        return property?.GetValue(module) is true;
    }
}
