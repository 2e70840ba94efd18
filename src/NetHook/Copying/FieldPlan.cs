using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace NetHook;

/// <summary>The fields of a type that hold something to be copied; all others may be taken over as they are.</summary>
internal sealed class FieldPlan
{
    private const BindingFlags Own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private static readonly ConcurrentDictionary<(Type Type, Type? End), FieldPlan> Known = new();

    private FieldPlan(Type type, Type? end) => Fields =
    [
        .. FieldsOf(type, end).Where(field => !Shareable.Fields(field.FieldType)).Select(field => (field, PlaceOf(field))),
    ];

    /// <summary>Each field, and how it is written behind what owns it: <c>.name</c>.</summary>
    internal IReadOnlyList<(FieldInfo Field, string Place)> Fields { get; }

    /// <param name="type">The type.</param>
    /// <param name="end">The base class whose fields are no longer the plan's; null for all.</param>
    internal static FieldPlan Of(Type type, Type? end) => Known.GetOrAdd((type, end), static key => new FieldPlan(key.Type, key.End));

    internal static IEnumerable<FieldInfo> FieldsOf(Type type, Type? end)
    {
        for (Type? level = type; level is not null && level != end; level = level.BaseType)
        {
            foreach (FieldInfo field in level.GetFields(Own))
                yield return field;
        }
    }

    /// <summary>Copies what the fields of a shallow copy hold.</summary>
    internal void CopyFields(object original, object copy, CopyContext context)
    {
        foreach ((FieldInfo field, string place) in Fields)
        {
            object? held = field.GetValue(original);
            object? copied = context.CopyPart(held, place);
            if (!ReferenceEquals(held, copied))
                field.SetValue(copy, copied);
        }
    }

    /// <summary>The field as the user knows it: by the property it was made for, and not at all within a list.</summary>
    private static string PlaceOf(FieldInfo field)
    {
        if (ObjectCopier.BelongsToDotNet(field.DeclaringType!) && !typeof(ITuple).IsAssignableFrom(field.DeclaringType))
            return "";
        return field.Name.StartsWith('<') && field.Name.IndexOf('>', StringComparison.Ordinal) is > 1 and var end
            ? "." + field.Name[1..end]
            : "." + field.Name;
    }
}
