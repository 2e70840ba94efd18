using System.Linq.Expressions;
using System.Runtime.InteropServices;

namespace NetHook.Tests;

public class OptionalArgumentsTests
{
    private readonly int _offset = 100;

    public enum Mode
    {
        First,
        Second,
    }

    private delegate int ByReference(ref int value);

    [Fact]
    public void Names_come_first_and_order_takes_the_rest() =>
        Assert.Equal("a=1 b=2 c=3", Invoke((int a, int b, int c) => $"a={a} b={b} c={c}", [1, 3], new() { ["b"] = 2 }));

    [Fact]
    public void Named_arguments_left_over_fill_required_parameters_in_order() =>
        Assert.Equal("x=1 y=2", Invoke((int x, int y) => $"x={x} y={y}", named: new() { ["p"] = 1, ["q"] = 2, ["r"] = 3 }));

    [Fact]
    public void A_name_matched_later_is_not_taken_by_order_before() =>
        Assert.Equal("x=2 first=1", Invoke((int x, int first) => $"x={x} first={first}", named: new() { ["first"] = 1, ["second"] = 2 }));

    [Fact]
    public void Named_arguments_that_do_not_fit_are_passed_over() =>
        Assert.Equal("name=h.2 x=1", Invoke((string name, int x) => $"name={name} x={x}", named: new() { ["output"] = 1, ["layer"] = "h.2" }));

    [Fact]
    public void What_is_not_declared_is_not_passed() =>
        Assert.Equal(1, Invoke((int x) => x, [1, 2, 3], new() { ["z"] = "unused" }));

    [Fact]
    public void A_function_without_parameters_is_called() =>
        Assert.Equal("called", Invoke(() => "called", [1], new() { ["z"] = 2 }));

    [Fact]
    public void Default_is_kept_rather_than_given_an_unrelated_argument() =>
        Assert.Equal("x=1 scale=2", Invoke((int x, int scale = 2) => $"x={x} scale={scale}", named: new() { ["output"] = 1, ["layer"] = 9 }));

    [Fact]
    public void Default_gives_way_to_its_name() =>
        Assert.Equal("x=1 scale=9", Invoke((int x, int scale = 2) => $"x={x} scale={scale}", [1], new() { ["scale"] = 9 }));

    [Fact]
    public void Default_gives_way_to_a_position_that_fits() =>
        Assert.Equal("x=1 scale=9", Invoke((int x, int scale = 2) => $"x={x} scale={scale}", [1, 9]));

    [Fact]
    public void Default_is_kept_where_the_position_does_not_fit_and_the_next_parameter_takes_it() =>
        Assert.Equal("x=1 scale=2 name=n", Invoke(Optional, [1, "n"]));

    [Fact]
    public void Defaults_of_every_kind_are_passed() =>
        Assert.Equal("Second | 1.5 |  | 0 | 0", Invoke(Defaults));

    [Fact]
    public void Params_takes_the_remaining_positions() =>
        Assert.Equal("1: 2,3", Invoke((int x, params int[] rest) => $"{x}: {string.Join(',', rest)}", [1, 2, 3], new() { ["z"] = 4 }));

    [Fact]
    public void Params_is_empty_where_nothing_remains() =>
        Assert.Equal("1: ", Invoke((int x, params int[] rest) => $"{x}: {string.Join(',', rest)}", [1], new() { ["z"] = 4 }));

    [Fact]
    public void Params_takes_an_array_as_it_is() =>
        Assert.Equal("2,3", Invoke((params int[] rest) => string.Join(',', rest), [new[] { 2, 3 }]));

    [Fact]
    public void Params_takes_an_array_by_its_name() =>
        Assert.Equal("2,3", Invoke((params int[] rest) => string.Join(',', rest), [1], new() { ["rest"] = new[] { 2, 3 } }));

    [Fact]
    public void Params_of_objects_takes_null_and_mixed_values() =>
        Assert.Equal(3, Invoke((params object?[] rest) => rest.Length, [1, "a", null]));

    [Fact]
    public void Null_fits_references_and_nullable_values() =>
        Assert.Equal("True True", Invoke((string? a, int? b) => $"{a is null} {b is null}", [null, null]));

    [Fact]
    public void A_value_fits_its_nullable_type_and_its_base_types() =>
        Assert.Equal("1 2 3", Invoke((int? a, object b, IFormattable c) => $"{a} {b} {c}", [1, 2, 3]));

    [Fact]
    public void Method_of_an_instance_is_called_on_it() => Assert.Equal(107, Invoke(Shift, [3], new() { ["more"] = 4 }));

    [Fact]
    public void Delegate_of_an_open_instance_method_takes_the_instance_as_its_first_argument()
    {
        Func<OptionalArgumentsTests, int, int, int> open = typeof(OptionalArgumentsTests).GetMethod(nameof(Shift))!.CreateDelegate<Func<OptionalArgumentsTests, int, int, int>>();

        Assert.Equal(107, Invoke(open, [this, 3], new() { ["more"] = 4 }));
    }

    [Fact]
    public void Delegate_bound_to_its_first_argument_keeps_the_names_of_the_others()
    {
        Func<string, int, string> bound = "text".Repeat;

        Assert.Equal("text+text", Invoke(bound, ["+"], new() { ["times"] = 2 }));
    }

    [Fact]
    public void Compiled_expression_is_called_without_its_closure()
    {
        Expression<Func<int, int, int>> difference = (a, b) => a - b;

        Assert.Equal(2, Invoke(difference.Compile(), [5, 3]));
    }

    [Fact]
    public void Local_functions_closures_and_static_lambdas_are_called()
    {
        int captured = 10;
        int Add(int x) => x + captured;

        Assert.Equal(11, Invoke(Add, [1]));
        Assert.Equal(12, Invoke((int x) => x + captured, [2]));
        Assert.Equal(3, Invoke(static (int x) => x, [3]));
    }

    [Fact]
    public void A_function_that_returns_nothing_gives_null()
    {
        int seen = 0;

        Assert.Null(Invoke((int x) => { seen = x; }, [5]));
        Assert.Equal(5, seen);
    }

    [Fact]
    public void Exception_of_the_function_passes_through_as_it_is() =>
        Assert.Throws<InvalidTimeZoneException>(() => Invoke(new Func<int>(() => throw new InvalidTimeZoneException())));

    [Fact]
    public void Required_parameter_without_a_match_is_an_error() => AssertRefused(
        "string (int x, string name) cannot be called: nothing that is offered fits 'string name'. "
        + "Offered by position: int; by name: float scale.",
        (int x, string name) => name + x, [1], new() { ["scale"] = 2f });

    [Fact]
    public void Wrong_type_at_a_position_is_an_error() => AssertRefused(
        "string Optional(int x, int scale = 2, string name) cannot be called: the argument at position 0 (string) does not fit 'int x'. "
        + "Offered by position: string, null; by name: nothing.",
        Optional, ["n", null]);

    [Fact]
    public void Wrong_type_under_a_name_is_an_error() => AssertRefused(
        "int Shift(int by, int more) cannot be called: 'by' is double here, not int. "
        + "Offered by position: nothing; by name: double by, null more.",
        Shift, [], new() { ["by"] = 1.0, ["more"] = null });

    [Fact]
    public void Wrong_type_for_params_is_an_error() => AssertRefused(
        "int (params int[] rest) cannot be called: the argument at position 1 (string) does not fit 'params int[] rest'. "
        + "Offered by position: int, string; by name: nothing.",
        (params int[] rest) => rest.Length, [1, "a"]);

    [Fact]
    public void Arguments_by_reference_are_refused() => AssertRefused(
        "int First(ref int value) cannot be called: 'ref int value' is passed by reference, which is not possible here. "
        + "Offered by position: int; by name: nothing.",
        new ByReference(ByReferenceOnly.First), [1]);

    [Fact]
    public void Combined_delegates_are_refused()
    {
        Func<int, int> first = x => x, second = x => x + 1;

        AssertRefused("int (int x) is one of several functions combined into one delegate. Call them one by one.", first + second, [1]);
    }

    public int Shift(int by, int more) => _offset + by + more;

    private static string Optional(int x, [Optional, DefaultParameterValue(2)] int scale, string name) => $"x={x} scale={scale} name={name}";

    private static string Defaults([Optional] int plain, Mode mode = Mode.Second, decimal number = 1.5m, string? text = null, DateTime date = default) =>
        $"{mode} | {number.ToString(System.Globalization.CultureInfo.InvariantCulture)} | {text} | {date.Ticks} | {plain}";

    private static object? Invoke(Delegate function, object?[]? positional = null, Dictionary<string, object?>? named = null) =>
        OptionalArguments.Invoke(function, positional, named);

    private static void AssertRefused(string message, Delegate function, object?[] positional, Dictionary<string, object?>? named = null) =>
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => Invoke(function, positional, named)).Message);

    private static class ByReferenceOnly
    {
        public static int First(ref int value) => value;
    }
}

internal static class TextExtensions
{
    public static string Repeat(this string text, string separator, int times) => string.Join(separator, Enumerable.Repeat(text, times));
}
