using System.Reflection;
using System.Reflection.Emit;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook;

/// <summary>A use of <c>forward</c> that was found in the code, with the method that it is in and the number of arguments.</summary>
internal readonly record struct ForwardUse(MethodBase Method, int Arguments, bool HasCall);

/// <summary>
/// Reads compiled code from one method on, with all that it calls outside of TorchSharp and .NET, and notes which modules it runs by
/// <c>forward</c>. It follows the objects of the running program through fields, variables, lists and closures; none of that code is run.
/// </summary>
/// <remarks>It overestimates where it cannot know: of a list, each item; of two branches, both.</remarks>
internal sealed class CodeSearch
{
    // Code that needs more than this is read in part. It is far more than the code of models.
    private const int MostInstructions = 200_000;
    private const int Deepest = 40;

    private readonly Dictionary<Module, ForwardUse> _found = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<MethodBase, List<Reading>> _readings = [];
    private readonly Dictionary<(MethodBase, int), object> _made = [];
    private readonly Dictionary<object, PartsOf> _parts = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<(object, FieldInfo), PossibleValues> _written = [];
    private int _instructions;
    private int _depth;

    /// <summary>The modules that the code runs by <c>forward</c>, each with the first use.</summary>
    public IReadOnlyDictionary<Module, ForwardUse> Found => _found;

    /// <summary>Grows with all that becomes known: whoever reads again until it stays has read enough.</summary>
    public int Known { get; set; }

    /// <summary>Counts an instruction; false if enough were read.</summary>
    public bool Count() => _instructions++ < MostInstructions;

    /// <summary>Reads a method as it runs with these arguments, the object first, and gives what it may return.</summary>
    public PossibleValues Read(MethodBase method, IReadOnlyList<PossibleValues> arguments)
    {
        if (_depth >= Deepest)
            return PossibleValues.None;
        if (!_readings.TryGetValue(method, out List<Reading>? readings))
            _readings.Add(method, readings = []);
        Reading? reading = readings.FirstOrDefault(known => known.Arguments.Zip(arguments).All(pair => pair.First.IsSame(pair.Second)));
        if (reading is null)
            readings.Add(reading = new([.. arguments.Select(argument => new PossibleValues(argument.All))], new()));
        else if (reading.IsRunning || reading.Known == Known)
            return reading.Result;

        reading.IsRunning = true;
        _depth++;
        try
        {
            if (method.GetMethodBody() is { } body)
                new MethodReader(this, method, body, arguments, reading.Result).Read();
        }
#pragma warning disable CA1031 // Code that is odd, or refers to what is not there, is read as far as it can be; the rest of the search goes on.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
        finally
        {
            _depth--;
            reading.IsRunning = false;
            reading.Known = Known;
        }

        return reading.Result;
    }

    /// <summary>Notes a use of <c>forward</c> on what may be modules.</summary>
    public void Note(PossibleValues receivers, ForwardUse use)
    {
        foreach (object receiver in receivers.All)
        {
            foreach (object module in receiver is PartsOf ? Contents.Of(receiver, typeof(Module)) : [receiver])
            {
                if (module is Module found)
                    _found.TryAdd(found, use);
            }
        }
    }

    /// <summary>The stand-in for what an instruction makes: one for each instruction.</summary>
    public T Made<T>(MethodBase method, int offset, Func<T> make)
        where T : class
    {
        if (_made.TryGetValue((method, offset), out object? known) && known is T made)
            return made;
        Known++;
        made = make();
        _made[(method, offset)] = made;
        return made;
    }

    public PartsOf Parts(object source)
    {
        if (!_parts.TryGetValue(source, out PartsOf? parts))
            _parts.Add(source, parts = new(source));
        return parts;
    }

    /// <summary>What fields hold: as they are now, and what the code writes to them.</summary>
    public PossibleValues ReadField(PossibleValues objects, FieldInfo field)
    {
        var result = new PossibleValues();
        foreach (object holder in Dereferenced(objects))
        {
            if (holder is MadeObject made)
                result.Add(made.Fields.TryGetValue(field.Name, out PossibleValues? values) ? values : Kept(made, field.FieldType));
            else if (holder is PartsOf)
                result.Add(Contents.IsModule(field.FieldType) ? new(Contents.Of(holder, field.FieldType)) : new(holder));
            else if (field.DeclaringType!.IsInstanceOfType(holder) && field.GetValue(holder) is { } value)
                result.Add(new(value));
            if (_written.TryGetValue((holder, field), out PossibleValues? written))
                result.Add(written);
        }

        return result;
    }

    // Of a tuple or another structure of .NET, what was put into it.
    private static PossibleValues Kept(MadeObject made, Type type) =>
        Contents.IsModule(type) ? new(Contents.Of(made, type)) : Contents.MayLead(type) ? made.Elements : PossibleValues.None;

    public void WriteField(PossibleValues objects, FieldInfo field, PossibleValues value)
    {
        foreach (object holder in Dereferenced(objects))
        {
            PossibleValues? place;
            if (holder is MadeObject made)
            {
                if (!made.Fields.TryGetValue(field.Name, out place))
                    made.Fields.Add(field.Name, place = new());
            }
            else if (!_written.TryGetValue((holder, field), out place))
            {
                _written.Add((holder, field), place = new());
            }

            AddTo(place, value);
        }
    }

    public void AddTo(PossibleValues place, PossibleValues value)
    {
        if (place.Add(value))
            Known++;
    }

    public static IEnumerable<object> Dereferenced(PossibleValues values) =>
        values.All.SelectMany(value => value is Variable variable ? variable.Values.All : [value]).ToList();

    private sealed record Reading(PossibleValues[] Arguments, PossibleValues Result)
    {
        public bool IsRunning { get; set; }

        public int Known { get; set; } = -1;
    }
}
