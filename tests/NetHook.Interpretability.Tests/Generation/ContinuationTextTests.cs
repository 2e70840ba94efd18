namespace NetHook.Interpretability.Tests;

/// <summary>Text is given out as its tokens come, and whole characters only.</summary>
public sealed class ContinuationTextTests
{
    public static TheoryData<string> Tokenizers => [.. Directory.GetFiles(TokenizerRecord.Folder, "tokenizer.json", SearchOption.AllDirectories).Select(file => Path.GetFileName(Path.GetDirectoryName(file))!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Tokenizers))]
    public void Parts_of_a_continuation_make_up_the_whole(string name)
    {
        var tokenizer = Tokenizer.FromPretrained(Path.Combine(TokenizerRecord.Folder, name));
        const string Text = " is naïve: 日本語 👩‍🚀 tout déjà vu.\n\tEnd  of it ";
        IReadOnlyList<int> prompt = tokenizer.Encode("The capital"), all = tokenizer.Encode("The capital" + Text);
        int[] added = [.. all.Skip(prompt.Count)];
        var text = new ContinuationText(tokenizer, [.. all.Take(prompt.Count)], []);

        string[] parts = [.. added.Select(text.Add), text.End()];

        Assert.Equal(tokenizer.DecodeContinuation([.. all.Take(prompt.Count)], added), string.Concat(parts));
        Assert.All(parts, part => Assert.DoesNotContain('\ufffd', part));
        Assert.Contains("日本語", string.Concat(parts));
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama2")]
    public void Half_a_character_is_given_out_at_the_end(string name)
    {
        var tokenizer = Tokenizer.FromPretrained(Path.Combine(TokenizerRecord.Folder, name));
        IReadOnlyList<int> prompt = tokenizer.Encode("a"), whole = tokenizer.Encode("a日");
        int[] bytes = [.. whole.Skip(prompt.Count).Take(2)];
        var text = new ContinuationText(tokenizer, prompt, []);

        Assert.Equal(["", ""], bytes.Select(text.Add));
        Assert.False(text.IsSettled);
        Assert.Equal(tokenizer.DecodeContinuation(prompt, bytes), text.End());
    }

    [Fact]
    public void Bytes_that_spoil_a_character_leave_what_was_given()
    {
        var tokenizer = Tokenizer.FromPretrained(Path.Combine(TokenizerRecord.Folder, "llama2"));
        IReadOnlyList<int> prompt = tokenizer.Encode("a"), both = tokenizer.Encode("a日"), end = tokenizer.Encode("a日b");
        int[] sun = [.. both.Skip(prompt.Count)], letter = [.. end.Skip(both.Count)];
        var text = new ContinuationText(tokenizer, prompt, []);

        Assert.Equal("日", string.Concat(sun.Select(text.Add)));
        Assert.Equal("", text.Add(sun[0]));
        Assert.Equal("\ufffdb", text.Add(letter[0]));
        Assert.Equal("b", text.Add(letter[0]));
        Assert.Equal("", text.End());
    }

    [Fact]
    public void What_may_begin_a_stop_string_waits()
    {
        Tokenizer tokenizer = Speaking.Tokenizer;
        IReadOnlyList<int> prompt = tokenizer.Encode("The");
        ContinuationText Text(params string[] stops) => new(tokenizer, prompt, stops);
        int[] added = [.. tokenizer.Encode("The capital of France").Skip(prompt.Count)];
        string whole = tokenizer.DecodeContinuation(prompt, added);

        ContinuationText begun = Text(whole[^1] + "?");
        Assert.Equal(whole[..^1], string.Concat(added.Select(begun.Add)));
        Assert.Equal((whole[^1..], false), (begun.End(), begun.HasStopped));

        ContinuationText stopped = Text("zz", whole[^2..]);
        Assert.Equal(whole[..^2], string.Concat(added.Select(stopped.Add)));
        Assert.Equal(("", true), (stopped.End(), stopped.HasStopped));
    }
}
