using System.Text.Json;
using TorchSharp.Modules;

namespace NetHook.Tests;

/// <summary>1,500 recorded cases; see tests/data/parity/README.md.</summary>
public class SubsequenceParityTests
{
    private static readonly string[] Cases = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "data", "parity", "subsequence.jsonl"));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_recorded_case_comes_out_as_recorded(bool shareWeights)
    {
        var wrong = Cases.Where(line => Run(JsonDocument.Parse(line).RootElement, shareWeights) is { } outcome && outcome != Expected(line)).ToList();

        Assert.Equal(1500, Cases.Length);
        Assert.Empty(wrong);
    }

    private static string Run(JsonElement recorded, bool shareWeights)
    {
        using Sequential net = Read(recorded.GetProperty("net")).Build();
        string? Limit(string name) => recorded.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
        try
        {
            using Sequential part = net.Subsequence(Limit("first"), Limit("last"), Limit("after"), Limit("upto"), Limit("single"), shareWeights);
            return Net.Show(part);
        }
        catch (ArgumentException exception)
        {
            return exception.Message.StartsWith("The range is inverted", StringComparison.Ordinal) ? "inverted" : "error";
        }
        catch (ModuleNotFoundException)
        {
            return "error";
        }
    }

    private static string Expected(string line)
    {
        JsonElement expected = JsonDocument.Parse(line).RootElement.GetProperty("expect");
        return expected.ValueKind == JsonValueKind.String ? expected.GetString()! : Read(expected).Show();
    }

    private static Net Read(JsonElement tree, string name = "") => tree.ValueKind == JsonValueKind.Number
        ? new Net(name, tree.GetInt32(), [])
        : new Net(name, 0, [.. tree.EnumerateArray().Select(child => Read(child[1], child[0].GetString()!))]);
}
