using CsCheck;

namespace NetHook.Tests;

public class LayerPatternTests
{
    [Theory]
    [InlineData("h.*.mlp", "h.0.mlp h.11.mlp", "h.mlp h.0.1.mlp h.0.mlp.c_fc")]
    [InlineData("h.**.mlp", "h.mlp h.0.mlp h.0.1.mlp", "mlp h.0.mlp.c_fc")]
    [InlineData("**", "a a.b a.b.c", "")]
    [InlineData("h.**", "h h.0 h.0.mlp", "x.h")]
    [InlineData("**.**.a", "a b.a c.b.a", "b")]
    [InlineData("h.[0-9]", "h.0 h.9", "h.10 h.x")]
    [InlineData("h.[!0-4]", "h.5 h.x", "h.0 h.4 h.10")]
    [InlineData("h.[^0-4x]", "h.5", "h.0 h.x")]
    [InlineData("[]a-]", "] a -", "b")]
    [InlineData("h.?", "h.0", "h.10 h")]
    [InlineData("{attn,mlp}", "attn mlp", "attn,mlp")]
    [InlineData("h.*.{attn.c_attn,mlp.{c_fc,c_proj}}", "h.0.attn.c_attn h.1.mlp.c_proj", "h.0.attn h.0.mlp.c_attn")]
    [InlineData("mlp{,2}", "mlp mlp2", "mlp3")]
    [InlineData("h{.0,}", "h h.0", "h.1")]
    [InlineData("h.{8..11}.mlp", "h.8.mlp h.10.mlp h.11.mlp", "h.7.mlp h.12.mlp h.1.mlp")]
    [InlineData("{**.a,b}.c", "a.c x.a.c b.c", "c x.b.c")]
    [InlineData(@"a\*", "a*", "ab")]
    [InlineData(@"a\{b\,c\}", "a{b,c}", "ab")]
    [InlineData("a,b", "a,b", "a b")]
    [InlineData("*a*b*", "ab xaybz aabb", "ba a.b")]
    [InlineData("*ab", "ab aab abab", "aba b")]
    [InlineData("H", "H", "h")]
    public void Pattern_matches_whole_paths(string pattern, string matching, string others)
    {
        var compiled = new LayerPattern(pattern);

        Assert.All(Split(matching), name => Assert.True(compiled.Matches(name), name));
        Assert.All(Split(others), name => Assert.False(compiled.Matches(name), name));

        static string[] Split(string names) => names.Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }

    [Fact]
    public void Model_itself_matches_only_what_stands_for_no_name_at_all()
    {
        Assert.True(new LayerPattern("**").Matches(""));
        Assert.False(new LayerPattern("*").Matches(""));
    }

    [Fact]
    public void Pattern_is_written_as_it_was_given() => Assert.Equal("h.{0..3}.*", new LayerPattern("h.{0..3}.*").ToString());

    [Theory]
    [InlineData("", "Malformed layer pattern '': it is empty (position 0).")]
    [InlineData("h..mlp", "Malformed layer pattern 'h..mlp': there is no name here (position 2).")]
    [InlineData("h.", "Malformed layer pattern 'h.': there is no name here (position 2).")]
    [InlineData("h.**mlp", "Malformed layer pattern 'h.**mlp': '**' stands for whole names and must be alone between dots; '*' stays within one (position 2).")]
    [InlineData("h.[0-9", "Malformed layer pattern 'h.[0-9': the '[' is never closed; write '\\[' for the character itself (position 2).")]
    [InlineData("h.[0.9]", "Malformed layer pattern 'h.[0.9]': a '.' cannot be in a class, because it separates names (position 4).")]
    [InlineData("h.[9-0]", "Malformed layer pattern 'h.[9-0]': the range '9-0' is the wrong way round (position 2).")]
    [InlineData("h.0]", "Malformed layer pattern 'h.0]': the ']' closes nothing; write '\\]' for the character itself (position 3).")]
    [InlineData("{a,b", "Malformed layer pattern '{a,b': the '{' is never closed; write '\\{' for the character itself (position 0).")]
    [InlineData("a}b", "Malformed layer pattern 'a}b': the '}' closes nothing; write '\\}' for the character itself (position 1).")]
    [InlineData("{,a}.b", "Malformed layer pattern '{,a}.b': there is no name here (position 0, in its alternative '.b').")]
    [InlineData("h.{5..2}", "Malformed layer pattern 'h.{5..2}': the range '5..2' is the wrong way round (position 2).")]
    [InlineData("h\\", "Malformed layer pattern 'h\\': nothing follows the '\\'; write '\\\\' for the character itself (position 1).")]
    [InlineData("{0..99999}", "Malformed layer pattern '{0..99999}': its braces stand for more than 20,000 patterns (position 0).")]
    [InlineData("{0..999}{0..999}", "Malformed layer pattern '{0..999}{0..999}': its braces stand for more than 20,000 patterns (position 8).")]
    public void Malformed_pattern_is_refused_where_it_goes_wrong(string pattern, string message)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(nameof(pattern), () => new LayerPattern(pattern));
        Assert.Equal($"{message} (Parameter 'pattern')", error.Message);
    }

    [Fact]
    public void Many_stars_take_no_longer_than_few()
    {
        var pattern = new LayerPattern(string.Concat(Enumerable.Repeat("*a", 200)) + "b");
        Assert.False(pattern.Matches(new string('a', 20_000)));
        Assert.False(new LayerPattern(string.Join('.', Enumerable.Repeat("**.a", 40)) + ".b")
            .Matches(string.Join('.', Enumerable.Repeat("a", 400))));
    }

    private static Gen<string> OneOf(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(i => texts[i]);

    private static readonly Gen<string> SimpleName = OneOf("a", "b", "ab", "ba", "a1", "aab", "abab", "");

    private static readonly Gen<string> NamePattern = OneOf("a", "b", "*", "?", "a*", "*b", "?b", "[ab]", "[!a]", "[a-b]*", "**", "*a*", "*ab", "*ab*b");

    // A pattern as a row of parts, each with the texts it may stand for.
    private static readonly Gen<string[][]> Patterns =
        Gen.Select(NamePattern.Array[1, 3], Gen.Int[0, 2], (choices, braces) => braces == 0 ? choices : [choices[0]]).Array[1, 4];

    [Fact]
    public void Any_pattern_agrees_with_a_plain_reading_of_the_rules() =>
        Gen.Select(Patterns, SimpleName.Where(name => name.Length > 0).Array[1, 5]).Sample((parts, names) =>
        {
            var pattern = new LayerPattern(string.Join('.', parts.Select(choices => choices.Length == 1 ? choices[0] : $"{{{string.Join(',', choices)}}}")));
            bool expected = Alternatives(parts).Any(alternative => PathMatches(alternative, names));
            return pattern.Matches(string.Join('.', names)) == expected;
        }, iter: 20_000);

    private static IEnumerable<string[]> Alternatives(string[][] parts) =>
        parts.Aggregate((IEnumerable<string[]>)[[]], (before, choices) => before.SelectMany(row => choices.Select(choice => (string[])[.. row, choice])));

    private static bool PathMatches(ReadOnlySpan<string> pattern, ReadOnlySpan<string> names)
    {
        if (pattern.Length == 0)
            return names.Length == 0;
        if (pattern[0] == "**")
            return PathMatches(pattern[1..], names) || (names.Length > 0 && PathMatches(pattern, names[1..]));
        return names.Length > 0 && NameMatches(pattern[0], names[0]) && PathMatches(pattern[1..], names[1..]);
    }

    private static bool NameMatches(string pattern, string name)
    {
        if (pattern.Length == 0)
            return name.Length == 0;
        if (pattern[0] == '*')
            return NameMatches(pattern[1..], name) || (name.Length > 0 && NameMatches(pattern, name[1..]));
        if (name.Length == 0)
            return false;
        if (pattern[0] != '[')
            return (pattern[0] == '?' || pattern[0] == name[0]) && NameMatches(pattern[1..], name[1..]);

        int close = pattern.IndexOf(']', StringComparison.Ordinal);
        bool matches = pattern[..close] switch
        {
            "[ab" or "[a-b" => name[0] is 'a' or 'b',
            "[!a" => name[0] != 'a',
            var other => throw new InvalidOperationException(other),
        };
        return matches && NameMatches(pattern[(close + 1)..], name[1..]);
    }
}
