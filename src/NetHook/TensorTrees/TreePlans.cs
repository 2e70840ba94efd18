using System.Numerics;
using System.Reflection;
using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.utils.rnn;

namespace NetHook;

/// <summary>Chooses the plan for a type.</summary>
internal static class TreePlans
{
    // Besides enums and what holds no reference at all.
    private static readonly HashSet<Type> WithoutTensors =
        [typeof(string), typeof(Device), typeof(Scalar), typeof(Size), typeof(BigInteger), typeof(Version), typeof(Uri), typeof(Type), typeof(Generator)];

    private static readonly MethodInfo HoldsReferencesMethod = typeof(RuntimeHelpers).GetMethod(nameof(RuntimeHelpers.IsReferenceOrContainsReferences))!;

    internal static TreePlan<T> Make<T>()
    {
        Type type = typeof(T);
        if (typeof(Tensor).IsAssignableFrom(type))
            return new TensorPlan<T>();
        if (type == typeof(PackedSequence))
            return (TreePlan<T>)(object)new PackedSequencePlan();
        if (!MayHoldTensors(type))
            return new PassingPlan<T>();
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return Create<T>(typeof(NullablePlan<>), underlying);
        if (type.IsSZArray)
            return Create<T>(typeof(ArrayPlan<>), type.GetElementType()!);
        if (type.IsArray)
            return Create<T>(typeof(ManyDimensionalArrayPlan<,>), type, type.GetElementType()!);
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>))
            return Create<T>(typeof(ListPlan<>), type.GetGenericArguments());
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Dictionary<,>))
            return Create<T>(typeof(DictionaryPlan<,>), type.GetGenericArguments());
        if (TypeMembers.Of(type) is not null)
            return type.IsValueType ? new MembersPlan<T>() : Create<T>(typeof(ObjectMembersPlan<>), type);
        return new ByOwnTypePlan<T>();
    }

    internal static TreePlan MakeForObject(Type type)
    {
        if (IsCollectionExpression(type) && ReadOnlyListItem(type) is { } item)
            return (TreePlan)Activator.CreateInstance(typeof(CollectionExpressionPlan<>).MakeGenericType(item))!;

        const BindingFlags Static = BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        return (TreePlan)typeof(TreePlan<>).MakeGenericType(type).GetProperty("Instance", Static)!.GetValue(null)!;
    }

    internal static NotSupportedException Unknown(Type type) => new(
        $"Where the tensors are in a {TypeNames.Of(type)} is not known. Make it a record, give it public properties that can be set, or say how it "
        + $"is taken apart: TensorTree.Register<{TypeNames.Of(type)}>(takeApart, rebuild).");

    internal static Type? FirstUnknown(Type declared)
    {
        var seen = new HashSet<Type>();
        return Find(declared);

        Type? Find(Type type)
        {
            if (!seen.Add(type) || type.IsAbstract || type == typeof(object) || type == typeof(PackedSequence) || typeof(Tensor).IsAssignableFrom(type)
                || !MayHoldTensors(type))
            {
                return null;
            }

            var plan = TreePlan.For(type);
            if (plan is IRegistered)
                return null;
            if (TypeMembers.Of(type) is { } members)
                return members.Select(member => Find(TypeMembers.TypeOf(member))).FirstOrDefault(unknown => unknown is not null);
            Type? inner = type.IsArray ? type.GetElementType() : plan is IContainer ? type.GetGenericArguments()[^1] : Nullable.GetUnderlyingType(type);
            return inner is null ? type : Find(inner);
        }
    }

    /// <summary>Whether a value of the type, or of one derived from it, could hold a tensor.</summary>
    internal static bool MayHoldTensors(Type type)
    {
        if (WithoutTensors.Contains(type) || type.IsPrimitive || type.IsEnum || type.IsPointer)
            return false;
        if (type.IsValueType)
            return (bool)HoldsReferencesMethod.MakeGenericMethod(type).Invoke(null, null)! && (Nullable.GetUnderlyingType(type) is not { } inner || MayHoldTensors(inner));
        bool isCollection = type.IsGenericType && type.Namespace?.StartsWith("System.Collections", StringComparison.Ordinal) == true;
        return !isCollection || type.GetGenericArguments().Any(MayHoldTensors);
    }

    private static TreePlan<T> Create<T>(Type plan, params Type[] arguments) =>
        (TreePlan<T>)Activator.CreateInstance(plan.MakeGenericType(arguments))!;

    /// <summary>What <c>[a, b]</c> becomes where a read-only interface is declared: a type without a name of its own in each assembly.</summary>
    private static bool IsCollectionExpression(Type type) => type.Name.StartsWith("<>z__ReadOnly", StringComparison.Ordinal);

    private static Type? ReadOnlyListItem(Type type) => type.GetInterfaces()
        .FirstOrDefault(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))?.GetGenericArguments()[0];
}
