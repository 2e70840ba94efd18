using System.Collections.Concurrent;
using System.Reflection;

namespace NetHook;

/// <summary>
/// Rebuilds what is looked up by hash codes, and classes that derive from it: a copied key may have another hash code than
/// the original. A shallow copy is emptied by running the collection's own constructor on it, and filled once its keys are whole.
/// </summary>
internal abstract class HashCopier : Copier
{
    private static readonly Dictionary<Type, Type> Copiers = new()
    {
        [typeof(Dictionary<,>)] = typeof(DictionaryCopier<,>),
        [typeof(OrderedDictionary<,>)] = typeof(OrderedDictionaryCopier<,>),
        [typeof(ConcurrentDictionary<,>)] = typeof(ConcurrentDictionaryCopier<,>),
        [typeof(HashSet<>)] = typeof(HashSetCopier<>),
    };

    private readonly FieldPlan _ownFields;
    private readonly IReadOnlyList<FieldInfo> _collectionFields;
    private readonly ConstructorInfo _constructor;

    private protected HashCopier(Type type, Type collection, params Type[] constructor)
    {
        _ownFields = FieldPlan.Of(type, collection);
        _collectionFields = [.. FieldPlan.FieldsOf(collection, typeof(object))];
        _constructor = collection.GetConstructor(constructor)!;
    }

    internal static bool Knows(Type type) => type.IsGenericType && Copiers.ContainsKey(type.GetGenericTypeDefinition());

    internal static Copier? TryMake(Type type)
    {
        for (Type? level = type; level is not null; level = level.BaseType)
        {
            if (Knows(level))
                return (Copier)Activator.CreateInstance(Copiers[level.GetGenericTypeDefinition()].MakeGenericType(level.GetGenericArguments()), type)!;
        }

        return null;
    }

    internal override object Copy(object original, CopyContext context)
    {
        object copy = ObjectCopier.Shallow(original);
        foreach (FieldInfo field in _collectionFields)
            field.SetValue(copy, null);
        _constructor.Invoke(copy, Arguments(original, context));
        context.FillLater(this, original, copy);
        return copy;
    }

    internal override void Fill(object original, object copy, CopyContext context)
    {
        _ownFields.CopyFields(original, copy, context);
        FillCollection(original, copy, context);
    }

    private protected abstract object?[] Arguments(object original, CopyContext context);

    private protected abstract void FillCollection(object original, object copy, CopyContext context);

    /// <summary>Copies keys, in their order, until each has its parts, which its hash code may be made of.</summary>
    private static List<T> CopyKeys<T>(IEnumerable<T> keys, CopyContext context)
    {
        int mark = context.Mark();
        List<T> copies = [.. keys.Select(key => (T)context.CopyPart(key, Place(key))!)];
        context.FillDownTo(mark);
        return copies;
    }

    private static string Place<T>(T key) => key is string ? $"[\"{key}\"]" : $"[{key}]";

    private static void Fill<TKey, TValue>(IReadOnlyDictionary<TKey, TValue> original, CopyContext context, Action<TKey, TValue> add)
        where TKey : notnull
    {
        var entries = original.ToList();
        foreach ((TKey key, KeyValuePair<TKey, TValue> entry) in CopyKeys(entries.Select(entry => entry.Key), context).Zip(entries))
            add(key, (TValue)context.CopyPart(entry.Value, Place(entry.Key))!);
    }

    private sealed class DictionaryCopier<TKey, TValue>(Type type)
        : HashCopier(type, typeof(Dictionary<TKey, TValue>), typeof(int), typeof(IEqualityComparer<TKey>))
        where TKey : notnull
    {
        private protected override object?[] Arguments(object original, CopyContext context) =>
            [((Dictionary<TKey, TValue>)original).Count, context.Copy(((Dictionary<TKey, TValue>)original).Comparer)];

        private protected override void FillCollection(object original, object copy, CopyContext context) =>
            Fill((Dictionary<TKey, TValue>)original, context, ((Dictionary<TKey, TValue>)copy).Add);
    }

    private sealed class OrderedDictionaryCopier<TKey, TValue>(Type type)
        : HashCopier(type, typeof(OrderedDictionary<TKey, TValue>), typeof(int), typeof(IEqualityComparer<TKey>))
        where TKey : notnull
    {
        private protected override object?[] Arguments(object original, CopyContext context) =>
            [((OrderedDictionary<TKey, TValue>)original).Count, context.Copy(((OrderedDictionary<TKey, TValue>)original).Comparer)];

        private protected override void FillCollection(object original, object copy, CopyContext context) =>
            Fill((OrderedDictionary<TKey, TValue>)original, context, ((OrderedDictionary<TKey, TValue>)copy).Add);
    }

    private sealed class ConcurrentDictionaryCopier<TKey, TValue>(Type type)
        : HashCopier(type, typeof(ConcurrentDictionary<TKey, TValue>), typeof(IEqualityComparer<TKey>))
        where TKey : notnull
    {
        private protected override object?[] Arguments(object original, CopyContext context) =>
            [context.Copy(((ConcurrentDictionary<TKey, TValue>)original).Comparer)];

        private protected override void FillCollection(object original, object copy, CopyContext context) =>
            Fill((ConcurrentDictionary<TKey, TValue>)original, context, (key, value) => ((ConcurrentDictionary<TKey, TValue>)copy)[key] = value);
    }

    private sealed class HashSetCopier<T>(Type type)
        : HashCopier(type, typeof(HashSet<T>), typeof(int), typeof(IEqualityComparer<T>))
    {
        private protected override object?[] Arguments(object original, CopyContext context) =>
            [((HashSet<T>)original).Count, context.Copy(((HashSet<T>)original).Comparer)];

        private protected override void FillCollection(object original, object copy, CopyContext context)
        {
            int mark = context.Mark();
            List<T> items = [.. ((HashSet<T>)original).Select(item => (T)context.CopyPart(item, "[]")!)];
            context.FillDownTo(mark);
            ((HashSet<T>)copy).UnionWith(items);
        }
    }
}
