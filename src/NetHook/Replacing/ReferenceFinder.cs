using System.Collections;
using System.Reflection;
using TorchSharp;
using static TorchSharp.torch;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>
/// Finds whatever refers to a module inside its parent: the parent's registrations and fields, and the lists, dictionaries, tuples,
/// closures and objects that these hold; but nothing within other modules.
/// </summary>
internal sealed class ReferenceFinder
{
    private readonly HashSet<object> _visited = new(ReferenceEqualityComparer.Instance);
    private readonly List<Change> _changes = [];
    private readonly Module _parent;
    private readonly Module _before;
    private readonly Module _after;

    private ReferenceFinder(Module parent, Module before, Module after) => (_parent, _before, _after) = (parent, before, after);

    /// <summary>What has to change for another module to take the place of the child of that name.</summary>
    /// <exception cref="ModuleReplacementException">Something that refers to the child cannot refer to the other module.</exception>
    internal static List<Change> Find(Module parent, string name, Module before, Module after)
    {
        var finder = new ReferenceFinder(parent, before, after);
        Slot? contained = ContainerSlots.Find(parent, name);
        if (contained is not null)
            finder.Visit(contained);
        foreach ((string registered, Module module) in TorchSharpInternals.Submodules(parent))
        {
            // In a container another position has another name; elsewhere a second name is one more reference.
            if (ReferenceEquals(module, before) && (contained is null || registered == name))
                finder.Visit(new RegistrationSlot(parent, registered));
        }

        Type end = parent.GetType();
        while (end.Assembly != typeof(Module).Assembly)
            end = end.BaseType!;
        finder.VisitFields(parent, parent.GetType(), end, "");
        return finder._changes;
    }

    private void Visit(Slot slot)
    {
        object? value = slot.Value;
        if (ReferenceEquals(value, _before))
        {
            if (!slot.Declared.IsInstanceOfType(_after))
                throw ModuleReplacementException.TooNarrow(_parent, slot, _before, _after);
            _changes.Add(new SlotChange(slot, _before, _after));
        }
        else if (value is Delegate function)
        {
            VisitDelegate(slot, function);
        }
        else if (value is not (null or Module or Tensor) && !Shareable.Values(value.GetType()))
        {
            VisitParts(slot, value);
        }
    }

    private void VisitParts(Slot slot, object value)
    {
        Type type = value.GetType();
        if (type.IsValueType)
        {
            foreach ((FieldInfo field, string place) in FieldPlan.Of(type, null).Fields)
                Visit(new PartSlot(slot, field, slot.Place + place));
            return;
        }

        if (!_visited.Add(value))
            return;
        if (value is Array array)
            VisitItems(array, slot.Place);
        else if (value is IDictionary dictionary && type.IsGenericType)
            VisitEntries(dictionary, slot.Place);
        else if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(HashSet<>))
            VisitMembers((IEnumerable)value, type.GetGenericArguments()[0], slot);
        else if (ObjectCopier.IsTransparent(type) && type.Assembly != typeof(Trace).Assembly && type.Assembly != typeof(Module).Assembly)
            VisitFields(value, type, null, slot.Place);
    }

    private void VisitFields(object owner, Type type, Type? end, string place)
    {
        foreach ((FieldInfo field, string at) in FieldPlan.Of(type, end).Fields)
            Visit(new FieldSlot(owner, field, place + at));
    }

    private void VisitItems(Array array, string place)
    {
        if (Shareable.Fields(array.GetType().GetElementType()!))
            return;
        foreach (int[] indices in ArrayCopier.Indices(array))
            Visit(new ArraySlot(array, indices, $"{place}[{string.Join(", ", indices)}]"));
    }

    private void VisitEntries(IDictionary dictionary, string place)
    {
        Type[] types = dictionary.GetType().GetGenericArguments();
        if (types.Length != 2 || types.All(Shareable.Fields))
            return;
        foreach (object key in dictionary.Keys)
            Visit(new EntrySlot(dictionary, key, types[1], $"{place}[{key}]"));
        if (!types[0].IsInstanceOfType(_before) || !dictionary.Contains(_before))
            return;
        if (!types[0].IsInstanceOfType(_after))
            throw ModuleReplacementException.TooNarrow(_parent, new KeySlot(place, types[0]), _before, _after);
        _changes.Add(new KeyChange(dictionary, _before, _after));
    }

    private void VisitMembers(IEnumerable set, Type member, Slot slot)
    {
        if (!member.IsInstanceOfType(_before) || !set.Cast<object?>().Contains(_before, ReferenceEqualityComparer.Instance))
            return;
        if (!member.IsInstanceOfType(_after))
            throw ModuleReplacementException.TooNarrow(_parent, new KeySlot(slot.Place, member), _before, _after);
        _changes.Add((Change)Activator.CreateInstance(typeof(MemberChange<>).MakeGenericType(member), set, _before, _after)!);
    }

    private void VisitDelegate(Slot slot, Delegate function)
    {
        Delegate[] calls = function.GetInvocationList();
        foreach (ref Delegate call in calls.AsSpan())
        {
            if (ReferenceEquals(call.Target, _before))
                call = Aim(slot, call);
            else if (call.Target is { } target and not (Module or Tensor) && ObjectCopier.IsTransparent(target.GetType()) && _visited.Add(target))
                VisitFields(target, target.GetType(), null, slot.Place);
        }

        if (calls.Any(call => ReferenceEquals(call.Target, _after)))
            _changes.Add(new SlotChange(slot, function, Delegate.Combine(calls)));
    }

    private Delegate Aim(Slot slot, Delegate call)
    {
        // The method of the base class stands for whatever overrides it.
        MethodInfo method = call.Method.GetBaseDefinition();
        Type takes = method.IsStatic ? method.GetParameters()[0].ParameterType : method.DeclaringType!;
        return takes.IsInstanceOfType(_after)
            ? Delegate.CreateDelegate(call.GetType(), _after, method)
            : throw ModuleReplacementException.NoSuchMethod(_parent, slot, method, _before, _after);
    }

    /// <summary>Stands for a key or a member, in errors.</summary>
    private sealed class KeySlot(string place, Type declared) : Slot(place, declared)
    {
        internal override object? Value { get; set; }

        internal override string Advise(string wider) => $"Declare the keys as {wider}.";
    }
}
