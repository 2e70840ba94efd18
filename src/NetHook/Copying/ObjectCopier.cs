using System.Reflection;
using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook;

/// <summary>Copies an object field by field: tuples, lists, closures, records, and whatever classes of its own a model keeps.</summary>
internal sealed class ObjectCopier : Copier
{
    private static readonly Func<object, object> ShallowCopy = typeof(object)
        .GetMethod("MemberwiseClone", BindingFlags.Instance | BindingFlags.NonPublic)!.CreateDelegate<Func<object, object>>();

    /// <summary>Types of .NET that are nothing but their fields, and do not depend on who holds them.</summary>
    private static readonly HashSet<Type> PlainData =
    [
        typeof(List<>), typeof(Queue<>), typeof(Stack<>), typeof(LinkedList<>), typeof(LinkedListNode<>), typeof(PriorityQueue<,>),
        typeof(SortedDictionary<,>), typeof(SortedList<,>), typeof(SortedSet<>), typeof(KeyValuePair<,>), typeof(StrongBox<>),
        typeof(System.Collections.ObjectModel.Collection<>), typeof(System.Collections.ObjectModel.ReadOnlyCollection<>),
        typeof(System.Collections.ObjectModel.ReadOnlyDictionary<,>), typeof(System.Collections.Immutable.ImmutableArray<>),
        typeof(System.Collections.Immutable.ImmutableList<>),
        typeof(System.Collections.Immutable.ImmutableStack<>), typeof(System.Collections.Immutable.ImmutableQueue<>),
        typeof(System.Collections.Immutable.ImmutableSortedDictionary<,>), typeof(System.Collections.Immutable.ImmutableSortedSet<>),
        typeof(System.Collections.ObjectModel.KeyedCollection<,>), typeof(Enumerable), typeof(Memory<>), typeof(ReadOnlyMemory<>), typeof(Random),
    ];

    private readonly FieldPlan _plan;
    private readonly FieldInfo[] _instances;
    private readonly bool _isValue;

    private ObjectCopier(Type type)
    {
        _plan = FieldPlan.Of(type, null);
        _isValue = type.IsValueType;
        // An object that its own class keeps, such as the one of a choice of a few, is compared by reference.
        _instances = type.IsValueType ? [] :
        [
            .. type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
                .Where(field => field.FieldType.IsAssignableFrom(type) && field.FieldType != typeof(object)),
        ];
    }

    internal static Copier Make(Type type)
    {
        if (type == typeof(object))
            return new FreshCopier(() => new object());
        if (type == typeof(Lock))
            return new FreshCopier(Activator.CreateInstance<Lock>);
        if (typeof(optim.Optimizer).IsAssignableFrom(type))
            return new RefusingCopier("it works on the parameters of the original");
        if (typeof(IAttachedToModel).IsAssignableFrom(type))
            return new RefusingCopier("it is attached to the original");
        if (typeof(Generator).IsAssignableFrom(type))
            return new GeneratorCopier();
        if (type == typeof(DisposeScope))
            return new ScopeCopier();
        if (!IsTransparent(type))
            return new RefusingCopier("NetHook does not know how .NET's objects of this type are copied");
        if (type.GetMethod("Finalize", BindingFlags.Instance | BindingFlags.NonPublic)!.DeclaringType != typeof(object) && !type.IsValueType)
            return new RefusingCopier("it has a finalizer, so it owns something that a copy would free once more");
        return FieldPlan.FieldsOf(type, null).FirstOrDefault(IsNative) is { } native && typeof(IDisposable).IsAssignableFrom(type)
            ? new RefusingCopier($"its field '{native.Name}' is a handle of something outside .NET")
            : new ObjectCopier(type);
    }

    internal static bool BelongsToDotNet(Type type) =>
        type.Assembly.GetName().Name is { } name && (name.StartsWith("System.", StringComparison.Ordinal) || name == "System");

    /// <summary>Whether an object of the type is its fields: so it is for the program's own types, and some of .NET.</summary>
    internal static bool IsTransparent(Type type) => !BelongsToDotNet(type) || typeof(ITuple).IsAssignableFrom(type) || IsPlainData(type);

    internal static object Shallow(object original) => ShallowCopy(original);

    internal override object Copy(object original, CopyContext context)
    {
        if (Array.Exists(_instances, field => ReferenceEquals(field.GetValue(null), original)))
            return original;
        object copy = ShallowCopy(original);
        if (_isValue)
            _plan.CopyFields(original, copy, context);
        else
            context.FillLater(this, original, copy);
        return copy;
    }

    internal override void Fill(object original, object copy, CopyContext context) => _plan.CopyFields(original, copy, context);

    private static bool IsNative(FieldInfo field) =>
        field.FieldType.IsPointer || field.FieldType == typeof(nint) || field.FieldType == typeof(nuint);

    private static bool IsPlainData(Type type)
    {
        // The views that a dictionary gives of its keys and values hold nothing but the dictionary.
        if (type.Name is "KeyCollection" or "ValueCollection" && type.DeclaringType is { } dictionary && HashCopier.Knows(dictionary))
            return true;
        while (type.DeclaringType is { } outer)
            type = outer;
        return PlainData.Contains(type.IsGenericType ? type.GetGenericTypeDefinition() : type);
    }

    /// <summary>For what has no content but is told apart by reference, as a lock is.</summary>
    private sealed class FreshCopier(Func<object> create) : Copier
    {
        internal override object Copy(object original, CopyContext context)
        {
            object copy = create();
            context.Remember(original, copy);
            return copy;
        }
    }

    /// <summary>A scope that is open will dispose tensors of the original; one that is disposed is nothing any more.</summary>
    private sealed class ScopeCopier : Copier
    {
        internal override object Copy(object original, CopyContext context)
        {
            try
            {
                _ = ((DisposeScope)original).DisposablesCount;
            }
            catch (ObjectDisposedException)
            {
                return original;
            }

            throw context.Refused(typeof(DisposeScope), "it is to dispose tensors of the original, and a copy of it would dispose them too; dispose it first, or hold the tensors in fields instead");
        }
    }

    private sealed class GeneratorCopier : Copier
    {
        internal override object Copy(object original, CopyContext context)
        {
            var generator = (Generator)original;
            var copy = new Generator(0, generator.device);
            using Tensor state = generator.get_state();
            copy.set_state(state);
            context.Remember(original, copy);
            return copy;
        }
    }
}
