using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace NetHook;

/// <summary>The members by which a type is taken apart: all fields of tuples and records; public settable properties and fields of other types.</summary>
internal static class TypeMembers
{
    private const BindingFlags Declared = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <summary>The members, those of base types first; null if a tensor could be in the type where no member shows it.</summary>
    public static IReadOnlyList<MemberInfo>? Of(Type type)
    {
        if (type.IsAbstract || type.IsInterface)
            return null;
        return IsTupleOrRecord(type) ? Fields(type) : Settable(type);
    }

    public static Type TypeOf(MemberInfo member) => member is FieldInfo field ? field.FieldType : ((PropertyInfo)member).PropertyType;

    private static List<FieldInfo> Fields(Type type)
    {
        var fields = new List<FieldInfo>();
        for (Type? ancestor = type; ancestor is not null; ancestor = ancestor.BaseType)
            fields.InsertRange(0, ancestor.GetFields(Declared));
        return fields;
    }

    private static bool IsTupleOrRecord(Type type)
    {
        if (typeof(ITuple).IsAssignableFrom(type) && type.Assembly == typeof(ITuple).Assembly)
            return true;
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(KeyValuePair<,>))
            return true;
        if (type.Name.StartsWith("<>f__AnonymousType", StringComparison.Ordinal))
            return true;

        // What the compiler writes into a record, and no one can write by hand or would.
        return type.GetMethod("<Clone>$", Declared) is not null
            || (type.IsValueType && type.GetMethod("PrintMembers", Declared, [typeof(StringBuilder)])?.IsDefined(typeof(CompilerGeneratedAttribute)) == true);
    }

    private static List<MemberInfo>? Settable(Type type)
    {
        if (typeof(IEnumerable).IsAssignableFrom(type) || typeof(Delegate).IsAssignableFrom(type) || type.Namespace is "System" or "TorchSharp"
            || type.Namespace?.StartsWith("System.", StringComparison.Ordinal) == true || type.Namespace?.StartsWith("TorchSharp.", StringComparison.Ordinal) == true)
        {
            return null;
        }

        List<PropertyInfo> properties = [.. type.GetProperties(BindingFlags.Instance | BindingFlags.Public)
            .Where(property => property is { GetMethod.IsPublic: true, SetMethod.IsPublic: true } && property.GetIndexParameters().Length == 0)
            .OrderByDescending(property => property.DeclaringType!.IsAssignableFrom(type.BaseType))];
        List<FieldInfo> fields = Fields(type);
        List<FieldInfo> open = fields.FindAll(field => field is { IsPublic: true, IsInitOnly: false });
        bool allShown = fields.TrueForAll(field => open.Contains(field) || !TreePlans.MayHoldTensors(field.FieldType)
            || properties.Exists(property => field.Name.StartsWith('<') ? field.Name == $"<{property.Name}>k__BackingField" : property.PropertyType == field.FieldType));
        return allShown && properties.Count + open.Count > 0 ? [.. properties, .. open] : null;
    }
}
