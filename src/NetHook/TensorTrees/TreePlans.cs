using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Collections.ObjectModel;
using System.Numerics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.utils.rnn;

namespace NetHook;

/// <summary>Chooses the plan for a type.</summary>
internal static class TreePlans
{
    // Besides enums and what holds no reference at all.
    private static readonly HashSet<Type> WithoutTensors =
        [typeof(string), typeof(Device), typeof(Scalar), typeof(Size), typeof(BigInteger), typeof(Version), typeof(Uri), typeof(Type), typeof(Generator)];

    private static readonly Dictionary<Type, MethodInfo> Collections = new()
    {
        [typeof(List<>)] = Maker(nameof(MakeList)),
        [typeof(Collection<>)] = Maker(nameof(MakeCollection)),
        [typeof(ObservableCollection<>)] = Maker(nameof(MakeObservableCollection)),
        [typeof(ReadOnlyCollection<>)] = Maker(nameof(MakeReadOnlyCollection)),
        [typeof(LinkedList<>)] = Maker(nameof(MakeLinkedList)),
        [typeof(Queue<>)] = Maker(nameof(MakeQueue)),
        [typeof(Stack<>)] = Maker(nameof(MakeStack)),
        [typeof(HashSet<>)] = Maker(nameof(MakeHashSet)),
        [typeof(ImmutableArray<>)] = Maker(nameof(MakeImmutableArray)),
        [typeof(ImmutableList<>)] = Maker(nameof(MakeImmutableList)),
        [typeof(Dictionary<,>)] = Maker(nameof(MakeDictionary)),
        [typeof(SortedDictionary<,>)] = Maker(nameof(MakeSortedDictionary)),
        [typeof(OrderedDictionary<,>)] = Maker(nameof(MakeOrderedDictionary)),
        [typeof(ConcurrentDictionary<,>)] = Maker(nameof(MakeConcurrentDictionary)),
        [typeof(ReadOnlyDictionary<,>)] = Maker(nameof(MakeReadOnlyDictionary)),
        [typeof(ImmutableDictionary<,>)] = Maker(nameof(MakeImmutableDictionary)),
        [typeof(OrderedDict<,>)] = Maker(nameof(MakeOrderedDict)),
    };

    internal static TreePlan<T> Make<T>()
    {
        Type type = typeof(T);
        if (typeof(Tensor).IsAssignableFrom(type))
            return new TensorPlan<T>();
        if (type == typeof(PackedSequence))
            return (TreePlan<T>)(object)new PackedSequencePlan();
        if (IsWithoutTensors<T>())
            return new PassingPlan<T>();
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return Create<T>(typeof(NullablePlan<>), underlying);
        if (type.IsSZArray)
            return Create<T>(typeof(ArrayPlan<>), type.GetElementType()!);
        if (type.IsArray)
            return Create<T>(typeof(ManyDimensionalArrayPlan<,>), type, type.GetElementType()!);
        if (type.IsGenericType && Collections.TryGetValue(type.GetGenericTypeDefinition(), out MethodInfo? make))
            return (TreePlan<T>)make.MakeGenericMethod(type.GetGenericArguments()).Invoke(null, null)!;
        if (IsTupleOrRecord(type))
            return type.IsValueType ? new FieldsPlan<T>() : Create<T>(typeof(ObjectFieldsPlan<>), type);
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
        $"Where the tensors are in a {TypeNames.Of(type)} is not known. Make it a record, or say how it is taken apart: "
        + $"TensorTree.Register<{TypeNames.Of(type)}>(takeApart, rebuild).");

    private static TreePlan<T> Create<T>(Type plan, params Type[] arguments) =>
        (TreePlan<T>)Activator.CreateInstance(plan.MakeGenericType(arguments))!;

    private static bool IsWithoutTensors<T>() =>
        WithoutTensors.Contains(typeof(T)) || !RuntimeHelpers.IsReferenceOrContainsReferences<T>();

    private static bool IsTupleOrRecord(Type type)
    {
        const BindingFlags Members = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        if (type.IsAbstract || type.IsInterface)
            return false;
        if (typeof(ITuple).IsAssignableFrom(type) && type.Assembly == typeof(ITuple).Assembly)
            return true;
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(KeyValuePair<,>))
            return true;
        if (type.Name.StartsWith("<>f__AnonymousType", StringComparison.Ordinal))
            return true;

        // What the compiler writes into a record, and no one can write by hand or would.
        return type.GetMethod("<Clone>$", Members) is not null
            || (type.IsValueType && type.GetMethod("PrintMembers", Members, [typeof(StringBuilder)])?.IsDefined(typeof(CompilerGeneratedAttribute)) == true);
    }

    /// <summary>What <c>[a, b]</c> becomes where a read-only interface is declared: a type without a name of its own in each assembly.</summary>
    private static bool IsCollectionExpression(Type type) => type.Name.StartsWith("<>z__ReadOnly", StringComparison.Ordinal);

    private static Type? ReadOnlyListItem(Type type) => type.GetInterfaces()
        .FirstOrDefault(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))?.GetGenericArguments()[0];

    private static MethodInfo Maker(string name) => typeof(TreePlans).GetMethod(name, BindingFlags.Static | BindingFlags.NonPublic)!;

    private static ListPlan<T> MakeList<T>() => new();

    private static ItemsPlan<Collection<T>, T> MakeCollection<T>() => new((_, items) => new Collection<T>([.. items]));

    private static ItemsPlan<ObservableCollection<T>, T> MakeObservableCollection<T>() => new((_, items) => new ObservableCollection<T>(items));

    private static ItemsPlan<ReadOnlyCollection<T>, T> MakeReadOnlyCollection<T>() => new((_, items) => new ReadOnlyCollection<T>(items));

    private static ItemsPlan<LinkedList<T>, T> MakeLinkedList<T>() => new((_, items) => new LinkedList<T>(items));

    private static ItemsPlan<Queue<T>, T> MakeQueue<T>() => new((_, items) => new Queue<T>(items));

    // A stack is read from its top and filled from its bottom.
    private static ItemsPlan<Stack<T>, T> MakeStack<T>() => new((_, items) => new Stack<T>(items.Reverse()));

    private static ItemsPlan<HashSet<T>, T> MakeHashSet<T>() => new((set, items) => new HashSet<T>(items, set.Comparer));

    private static ImmutableArrayPlan<T> MakeImmutableArray<T>() => new();

    private static ItemsPlan<ImmutableList<T>, T> MakeImmutableList<T>() => new((_, items) => [.. items]);

    private static EntriesPlan<Dictionary<TKey, T>, TKey, T> MakeDictionary<TKey, T>()
        where TKey : notnull => new((dictionary, entries) => new Dictionary<TKey, T>(entries, dictionary.Comparer));

    private static EntriesPlan<SortedDictionary<TKey, T>, TKey, T> MakeSortedDictionary<TKey, T>()
        where TKey : notnull => new((dictionary, entries) =>
        {
            var copy = new SortedDictionary<TKey, T>(dictionary.Comparer);
            foreach ((TKey key, T value) in entries)
                copy.Add(key, value);
            return copy;
        });

    private static EntriesPlan<OrderedDictionary<TKey, T>, TKey, T> MakeOrderedDictionary<TKey, T>()
        where TKey : notnull => new((dictionary, entries) => new OrderedDictionary<TKey, T>(entries, dictionary.Comparer));

    private static EntriesPlan<ConcurrentDictionary<TKey, T>, TKey, T> MakeConcurrentDictionary<TKey, T>()
        where TKey : notnull => new((dictionary, entries) => new ConcurrentDictionary<TKey, T>(entries, dictionary.Comparer));

    private static ReadOnlyDictionaryPlan<TKey, T> MakeReadOnlyDictionary<TKey, T>()
        where TKey : notnull => new();

    private static EntriesPlan<ImmutableDictionary<TKey, T>, TKey, T> MakeImmutableDictionary<TKey, T>()
        where TKey : notnull => new((dictionary, entries) => ImmutableDictionary.CreateRange(dictionary.KeyComparer, dictionary.ValueComparer, entries));

    private static EntriesPlan<OrderedDict<TKey, T>, TKey, T> MakeOrderedDict<TKey, T>()
        where TKey : notnull => new(
            (_, entries) =>
            {
                var copy = new OrderedDict<TKey, T>();
                foreach ((TKey key, T value) in entries)
                    copy.Add(key, value);
                return copy;
            },
            dictionary => ((IEnumerable<(TKey Key, T Value)>)dictionary).Select(entry => KeyValuePair.Create(entry.Key, entry.Value)));
}
