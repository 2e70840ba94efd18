using System.Collections.Concurrent;

namespace NetHook;

/// <summary>Rebuilds what is looked up by hash codes: a copied key may have another hash code than the original.</summary>
internal static class HashCopier
{
    private static readonly Dictionary<Type, Type> Copiers = new()
    {
        [typeof(Dictionary<,>)] = typeof(DictionaryCopier<,>),
        [typeof(OrderedDictionary<,>)] = typeof(OrderedDictionaryCopier<,>),
        [typeof(ConcurrentDictionary<,>)] = typeof(ConcurrentDictionaryCopier<,>),
        [typeof(HashSet<>)] = typeof(HashSetCopier<>),
    };

    internal static Copier? TryMake(Type type) => type.IsGenericType && Copiers.TryGetValue(type.GetGenericTypeDefinition(), out Type? copier)
        ? (Copier)Activator.CreateInstance(copier.MakeGenericType(type.GetGenericArguments()))!
        : null;

    private static void Fill<TKey, TValue>(IDictionary<TKey, TValue> original, IDictionary<TKey, TValue> copy, CopyContext context)
        where TKey : notnull
    {
        context.Remember(original, copy);
        foreach ((TKey key, TValue value) in original)
        {
            string place = $"[{(key is string ? $"\"{key}\"" : key)}]";
            copy.Add((TKey)context.CopyPart(key, place)!, (TValue)context.CopyPart(value, place)!);
        }
    }

    private sealed class DictionaryCopier<TKey, TValue> : Copier
        where TKey : notnull
    {
        internal override object Copy(object original, CopyContext context)
        {
            var dictionary = (Dictionary<TKey, TValue>)original;
            var copy = new Dictionary<TKey, TValue>(dictionary.Count, context.Copy(dictionary.Comparer));
            Fill(dictionary, copy, context);
            return copy;
        }
    }

    private sealed class OrderedDictionaryCopier<TKey, TValue> : Copier
        where TKey : notnull
    {
        internal override object Copy(object original, CopyContext context)
        {
            var dictionary = (OrderedDictionary<TKey, TValue>)original;
            var copy = new OrderedDictionary<TKey, TValue>(dictionary.Count, context.Copy(dictionary.Comparer));
            Fill(dictionary, copy, context);
            return copy;
        }
    }

    private sealed class ConcurrentDictionaryCopier<TKey, TValue> : Copier
        where TKey : notnull
    {
        internal override object Copy(object original, CopyContext context)
        {
            var dictionary = (ConcurrentDictionary<TKey, TValue>)original;
            var copy = new ConcurrentDictionary<TKey, TValue>(context.Copy(dictionary.Comparer));
            Fill(dictionary, copy, context);
            return copy;
        }
    }

    private sealed class HashSetCopier<T> : Copier
    {
        internal override object Copy(object original, CopyContext context)
        {
            var set = (HashSet<T>)original;
            var copy = new HashSet<T>(set.Count, context.Copy(set.Comparer));
            context.Remember(original, copy);
            foreach (T item in set)
                copy.Add((T)context.CopyPart(item, "[]")!);
            return copy;
        }
    }
}
