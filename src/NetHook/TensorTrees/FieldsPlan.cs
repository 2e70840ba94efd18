using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace NetHook;

/// <summary>Tuples, records and anonymous types: a copy of the object, in which each field is replaced by its own copy.</summary>
/// <remarks>
/// As <c>with</c> does, this runs no constructor. The fields are read-only in most such types, which C# and expression
/// trees respect; the few instructions needed are written out instead.
/// </remarks>
internal static class Fields<T>
{
    internal static readonly Func<T, TreeRun, T> Map = EmitMap();

    internal static readonly Action<T, TreeRun> Visit = EmitVisit();

    private static List<FieldInfo> All()
    {
        var fields = new List<FieldInfo>();
        for (Type? type = typeof(T); type is not null; type = type.BaseType)
            fields.InsertRange(0, type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly));
        return fields;
    }

    private static Func<T, TreeRun, T> EmitMap()
    {
        DynamicMethod method = NewMethod("Map", typeof(T));
        ILGenerator il = method.GetILGenerator();
        LocalBuilder copy = il.DeclareLocal(typeof(T));

        il.Emit(OpCodes.Ldarg_0);
        if (!typeof(T).IsValueType)
        {
            il.Emit(OpCodes.Call, typeof(Fields<T>).GetMethod(nameof(Clone), BindingFlags.Static | BindingFlags.NonPublic)!);
            il.Emit(OpCodes.Castclass, typeof(T));
        }

        il.Emit(OpCodes.Stloc, copy);
        foreach (FieldInfo field in All())
        {
            il.Emit(typeof(T).IsValueType ? OpCodes.Ldloca : OpCodes.Ldloc, copy);
            EmitPlanAndValue(il, field);
            il.Emit(OpCodes.Callvirt, PlanMethod(field, nameof(TreePlan<>.Map)));
            il.Emit(OpCodes.Stfld, field);
        }

        il.Emit(OpCodes.Ldloc, copy);
        il.Emit(OpCodes.Ret);
        return method.CreateDelegate<Func<T, TreeRun, T>>();
    }

    private static Action<T, TreeRun> EmitVisit()
    {
        DynamicMethod method = NewMethod("Visit", typeof(void));
        ILGenerator il = method.GetILGenerator();
        foreach (FieldInfo field in All())
        {
            EmitPlanAndValue(il, field);
            il.Emit(OpCodes.Callvirt, PlanMethod(field, nameof(TreePlan<>.Visit)));
        }

        il.Emit(OpCodes.Ret);
        return method.CreateDelegate<Action<T, TreeRun>>();
    }

    private static DynamicMethod NewMethod(string name, Type returned) =>
        new($"NetHook.{name}({typeof(T)})", returned, [typeof(T), typeof(TreeRun)], typeof(TreePlan).Module, skipVisibility: true);

    private static void EmitPlanAndValue(ILGenerator il, FieldInfo field)
    {
        il.Emit(OpCodes.Call, PlanMethod(field, "get_" + nameof(TreePlan<>.Instance)));
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldfld, field);
        il.Emit(OpCodes.Ldarg_1);
    }

    private static MethodInfo PlanMethod(FieldInfo field, string name) => typeof(TreePlan<>).MakeGenericType(field.FieldType)
        .GetMethod(name, BindingFlags.Static | BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)!;

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = nameof(MemberwiseClone))]
    private static extern object Clone(object value);
}

/// <summary>A tuple or record that is a struct.</summary>
internal sealed class FieldsPlan<T> : TreePlan<T>
{
    internal override T Map(T value, TreeRun run) => Fields<T>.Map(value, run);

    internal override void Visit(T value, TreeRun run) => Fields<T>.Visit(value, run);
}

/// <summary>A tuple, record or anonymous type that is a class.</summary>
internal sealed class ObjectFieldsPlan<T> : ObjectPlan<T>
    where T : class
{
    protected override T Copy(T value, TreeRun run) => Fields<T>.Map(value, run);

    protected override void VisitInside(T value, TreeRun run) => Fields<T>.Visit(value, run);
}
