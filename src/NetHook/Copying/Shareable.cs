using System.Collections;
using System.Collections.Concurrent;
using System.Globalization;
using System.Numerics;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook;

/// <summary>Finds the types whose values never change, and so need no copy.</summary>
internal static class Shareable
{
    private static readonly ConcurrentDictionary<Type, bool> Known = new();

    private static readonly Type[] Immutable =
    [
        typeof(string), typeof(decimal), typeof(DateTime), typeof(DateTimeOffset), typeof(TimeSpan), typeof(Guid), typeof(BigInteger),
        typeof(Type), typeof(MemberInfo), typeof(Assembly), typeof(Module), typeof(CultureInfo), typeof(Encoding), typeof(Regex),
        typeof(Uri), typeof(Version), typeof(TimeZoneInfo), typeof(DBNull), typeof(torch.Device), typeof(StringComparer),
        typeof(JsonElement),
    ];

    /// <summary>Whether every object of exactly this type can be shared.</summary>
    internal static bool Values(Type type) => Known.GetOrAdd(type, static type => Find(type, []));

    /// <summary>Whether whatever a field of this type holds can be shared: an object of a derived type may be anything.</summary>
    internal static bool Fields(Type type) => (type.IsValueType || type.IsSealed || IsImmutable(type)) && Values(type);

    private static bool Find(Type type, HashSet<Type> open)
    {
        if (type.IsPrimitive || type.IsEnum || type.IsPointer || IsImmutable(type) || IsComparer(type))
            return true;
        if (type.IsArray || type.IsInterface || type.IsAbstract || typeof(Delegate).IsAssignableFrom(type)
            || typeof(IDisposable).IsAssignableFrom(type) || !open.Add(type))
        {
            return false;
        }

        var fields = FieldPlan.FieldsOf(type, null).ToList();
        bool never = (type.IsValueType || (fields.Count > 0 && fields.TrueForAll(field => field.IsInitOnly)))
            && fields.TrueForAll(field => field.FieldType is var held
                && (held.IsValueType || held.IsSealed || IsImmutable(held)) && Find(held, open));
        open.Remove(type);
        return never;
    }

    private static bool IsImmutable(Type type) => Array.Exists(Immutable, known => known.IsAssignableFrom(type));

    private static bool IsComparer(Type type) => ObjectCopier.BelongsToDotNet(type)
        && Array.Exists(type.GetInterfaces(), implemented => implemented == typeof(IComparer) || implemented == typeof(IEqualityComparer));
}
