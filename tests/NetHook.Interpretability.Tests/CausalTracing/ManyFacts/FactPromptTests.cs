using System.Text;

namespace NetHook.Interpretability.Tests;

public sealed class FactPromptTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Table_gives_a_fact_for_each_line()
    {
        string path = Write("facts.tsv", "\uFEFFanswer\tprompt\tnote\tsubject\r\nParis\tThe capital of France is\tx\tFrance\r\n\r\n\tThe capital of {} is\t\tItaly\r\n");

        Assert.Equal(
            [
                new FactPrompt("The capital of France is", "France", "Paris") { File = path, Line = 2 },
                new FactPrompt("The capital of {} is", "Italy") { File = path, Line = 4 },
            ],
            FactPrompt.Read(path));
    }

    [Fact]
    public void Lines_of_json_give_the_same()
    {
        string path = Write("facts.JSONL", """
            {"known_id": 1, "prompt": "The capital of France is", "subject": "France", "answer": "Paris"}

            {"subject": "Italy", "prompt": "The capital of {} is", "answer": null}
            """);

        Assert.Equal(
            [
                new FactPrompt("The capital of France is", "France", "Paris") { File = path, Line = 1 },
                new FactPrompt("The capital of {} is", "Italy") { File = path, Line = 3 },
            ],
            FactPrompt.Read(path));
    }

    [Theory]
    [InlineData("f.csv", "x", null, "FILE: Facts are read from .tsv and .jsonl files, and the ending is '.CSV'.")]
    [InlineData("f.tsv", "", null, "FILE: It holds no facts.")]
    [InlineData("f.tsv", "prompt\tsubject\n", null, "FILE: It holds no facts.")]
    [InlineData("f.jsonl", "\n \n", null, "FILE: It holds no facts.")]
    [InlineData("f.tsv", "\nprompt\tanswer\nx\ty", 2, "FILE, line 2: The header lacks the column 'subject'. It names 'prompt', 'answer', with tabs between.")]
    [InlineData("f.tsv", "prompt\tsubject\tprompt\nx\ty\tz", 1, "FILE, line 1: The header names the column 'prompt' twice.")]
    [InlineData("f.tsv", "prompt\tsubject\na b\tb\na b", 3, "FILE, line 3: The header asks for 2 fields with tabs between, and there is 1.")]
    [InlineData("f.tsv", "prompt\tsubject\na b\tb\tc", 2, "FILE, line 2: The header asks for 2 fields with tabs between, and there are 3.")]
    [InlineData("f.tsv", "prompt\tsubject\na b\t ", 2, "FILE, line 2: The subject is empty. Say of what the fact is.")]
    [InlineData("f.tsv", "prompt\tsubject\n\tb", 2, "FILE, line 2: The prompt is empty. Give one that holds the subject.")]
    [InlineData("f.tsv", "prompt\tsubject\nThe city\tParis", 2, "FILE, line 2: \"Paris\" is not in \"The city\".")]
    [InlineData("f.tsv", "prompt\tsubject\nOf it and of it\tit", 2, "FILE, line 2: \"it\" is 2 times in \"Of it and of it\". Write {} for the one that is meant.")]
    [InlineData("f.tsv", "prompt\tsubject\n{} and {}\tit", 2, "FILE, line 2: \"{} and {}\" does not have {}, where the subject belongs, exactly once.")]
    [InlineData("f.jsonl", "{\"prompt\": \"a b\", \"subject\": \"b\"}\n[1]", 2, "FILE, line 2: It is no JSON object, such as {\"prompt\": \"The capital of {} is\", \"subject\": \"France\", \"answer\": \"Paris\"}.")]
    [InlineData("f.jsonl", "{\"prompt\": \"a b\"}", 1, "FILE, line 1: The object lacks \"subject\".")]
    [InlineData("f.jsonl", "{\"prompt\": 7, \"subject\": \"b\"}", 1, "FILE, line 1: \"prompt\" is no text but 7.")]
    public void Bad_fact_is_refused_with_its_line(string name, string text, int? line, string message)
    {
        string path = Write(name, text);

        FactException e = Assert.Throws<FactException>(() => FactPrompt.Read(path));

        Assert.Equal((path, line), (e.File, e.Line));
        Assert.Equal(message.Replace("FILE", path, StringComparison.Ordinal).Replace(".CSV", ".CSV", StringComparison.Ordinal), e.Message);
    }

    [Fact]
    public void Damaged_json_and_encoding_are_refused()
    {
        string json = Write("f.jsonl", "{\"prompt\": \"a b\", \"subject\": \"b\"}\n{\"prompt\": ");
        string latin = _folder["latin.tsv"];
        File.WriteAllBytes(latin, Encoding.Latin1.GetBytes("prompt\tsubject\ncafé\té"));

        Assert.StartsWith($"{json}, line 2: It is no JSON: ", Assert.Throws<FactException>(() => FactPrompt.Read(json)).Message, StringComparison.Ordinal);
        Assert.Equal($"{latin}: It is not UTF-8.", Assert.Throws<FactException>(() => FactPrompt.Read(latin)).Message);
        Assert.Throws<CheckpointException>(() => FactPrompt.Read(_folder["none.tsv"]));
    }

    public void Dispose() => _folder.Dispose();

    private string Write(string name, string text)
    {
        File.WriteAllText(_folder[name], text);
        return _folder[name];
    }
}
