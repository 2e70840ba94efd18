using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace NetHook;

/// <summary>
/// Tuples, records, anonymous types, and objects with public settable properties: a copy of the object, in which each member is replaced
/// by its own copy.
/// </summary>
/// <remarks>
/// As <c>with</c> does, this runs no constructor. Fields are read-only in most such types, which C# and expression
/// trees respect; the few instructions needed are written out instead.
/// </remarks>
internal static class Members<T>
{
    internal static readonly Func<T, TreeRun, T> Map = EmitMap();

    internal static readonly Action<T, TreeRun> Visit = EmitVisit();

    private static Func<T, TreeRun, T> EmitMap()
    {
        DynamicMethod method = NewMethod("Map", typeof(T));
        ILGenerator il = method.GetILGenerator();
        LocalBuilder copy = il.DeclareLocal(typeof(T));

        il.Emit(OpCodes.Ldarg_0);
        if (!typeof(T).IsValueType)
        {
            il.Emit(OpCodes.Call, typeof(Members<T>).GetMethod(nameof(Clone), BindingFlags.Static | BindingFlags.NonPublic)!);
            il.Emit(OpCodes.Castclass, typeof(T));
        }

        il.Emit(OpCodes.Stloc, copy);
        foreach (MemberInfo member in TypeMembers.Of(typeof(T))!)
        {
            il.Emit(typeof(T).IsValueType ? OpCodes.Ldloca : OpCodes.Ldloc, copy);
            EmitPlanAndValue(il, member);
            il.Emit(OpCodes.Callvirt, PlanMethod(member, nameof(TreePlan<>.Map)));
            if (member is FieldInfo field)
                il.Emit(OpCodes.Stfld, field);
            else
                il.Emit(OpCodes.Call, ((PropertyInfo)member).SetMethod!);
        }

        il.Emit(OpCodes.Ldloc, copy);
        il.Emit(OpCodes.Ret);
        return method.CreateDelegate<Func<T, TreeRun, T>>();
    }

    private static Action<T, TreeRun> EmitVisit()
    {
        DynamicMethod method = NewMethod("Visit", typeof(void));
        ILGenerator il = method.GetILGenerator();
        foreach (MemberInfo member in TypeMembers.Of(typeof(T))!)
        {
            EmitPlanAndValue(il, member);
            il.Emit(OpCodes.Callvirt, PlanMethod(member, nameof(TreePlan<>.Visit)));
        }

        il.Emit(OpCodes.Ret);
        return method.CreateDelegate<Action<T, TreeRun>>();
    }

    private static DynamicMethod NewMethod(string name, Type returned) =>
        new($"NetHook.{name}({typeof(T)})", returned, [typeof(T), typeof(TreeRun)], typeof(TreePlan).Module, skipVisibility: true);

    private static void EmitPlanAndValue(ILGenerator il, MemberInfo member)
    {
        il.Emit(OpCodes.Call, PlanMethod(member, "get_" + nameof(TreePlan<>.Instance)));
        if (typeof(T).IsValueType)
            il.Emit(OpCodes.Ldarga_S, (byte)0);
        else
            il.Emit(OpCodes.Ldarg_0);
        if (member is FieldInfo field)
            il.Emit(OpCodes.Ldfld, field);
        else
            il.Emit(OpCodes.Call, ((PropertyInfo)member).GetMethod!);
        il.Emit(OpCodes.Ldarg_1);
    }

    private static MethodInfo PlanMethod(MemberInfo member, string name) => typeof(TreePlan<>).MakeGenericType(TypeMembers.TypeOf(member))
        .GetMethod(name, BindingFlags.Static | BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)!;

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = nameof(MemberwiseClone))]
    private static extern object Clone(object value);
}

/// <summary>A structure that is taken apart by its members.</summary>
internal sealed class MembersPlan<T> : TreePlan<T>
{
    internal override T Map(T value, TreeRun run) => Members<T>.Map(value, run);

    internal override void Visit(T value, TreeRun run) => Members<T>.Visit(value, run);
}

/// <summary>An object that is taken apart by its members.</summary>
internal sealed class ObjectMembersPlan<T> : ObjectPlan<T>
    where T : class
{
    protected override T Copy(T value, TreeRun run) => Members<T>.Map(value, run);

    protected override void VisitInside(T value, TreeRun run) => Members<T>.Visit(value, run);
}
