using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

/// <summary>Every family generates the same tokens with a cache, without it, in a batch, and as the reference implementation does.</summary>
public sealed class GreedyGenerationTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string> Models => FamilyRecord.All;

    [Theory]
    [MemberData(nameof(Models))]
    public void Tokens_are_those_of_the_reference(string model)
    {
        foreach (string device in Devices.All)
            Check(model, device);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Rows_of_a_batch_are_what_they_are_alone(string model)
    {
        using var record = new FamilyRecord(model);
        using var decoder = DecoderModel.FromPretrained(record.Folder);
        int[] all = [.. record.Ids("s40").data<long>().Select(id => (int)id)];
        int[][] rows = [Ints(record.Prompt), all[..1], all[3..17], all[..22]];
        int[][] alone = [.. rows.Select(row => decoder.Generate(row, 14, new() { Cache = false }).ToArray())];

        foreach (bool cache in new[] { true, false })
        {
            Assert.Equal(alone, decoder.Generate(TokenBatch.Of(rows), 14, new() { Cache = cache }));

            // Rows that end earlier than others stay where they are, and change nothing.
            int stop = alone[0][2];
            GenerationOptions stops = new() { Cache = cache, StopTokens = [stop] };
            IReadOnlyList<IReadOnlyList<int>> stopped = decoder.Generate(TokenBatch.Of(rows, PaddingSide.Right), 14, stops);
            Assert.Equal(alone.Select(row => row.TakeWhile(id => id != stop)), stopped);
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Each_step_computes_what_the_whole_text_gives(string model)
    {
        using var record = new FamilyRecord(model);
        using var decoder = DecoderModel.FromPretrained(record.Folder);
        string[] layers = [.. Enumerable.Range(0, decoder.Layout.Layers).SelectMany(layer => new[] { decoder.Layout.Block(layer), decoder.Layout.AttentionPattern(layer) })];
        int[] prompt = Ints(record.Prompt);
        using var steps = new TraceDict(decoder, layers, new() { History = CallHistory.All });
        int[] text = [.. prompt, .. decoder.Generate(prompt, 12)];

        for (int step = 0; step < 12; step++)
        {
            using var whole = new TraceDict(decoder, layers);
            decoder.call(tensor(text[..(prompt.Length + step)].Select(id => (long)id).ToArray(), [1, prompt.Length + step]));
            foreach (string layer in layers)
            {
                TracedCall call = steps[layer].AtStep(step);
                Tensor actual = call.Output, expected = whole[layer].Output;
                int tokens = actual.dim() == 3 ? 1 : 2, from = call.Positions!.Value.Start.Value;
                Assert.Equal(prompt.Length + step, call.Positions.Value.End.Value);
                double distance = (actual - expected.narrow(tokens, from, expected.shape[tokens] - from)).abs().max().item<float>();
                Assert.True(distance <= 1e-5 * Math.Max(1, expected.abs().max().item<float>()), $"{layer} at step {step}: off by {distance}");
            }
        }
    }

    [Fact]
    public void A_rotation_that_changes_with_the_length_computes_the_text_anew()
    {
        Assert.Equal([7, 1, 1, 1], Computed("llama", 4));

        // Once longer than 16 tokens the rotation is another one; the text is computed anew once, and then goes on.
        Assert.Equal([7, 1, 1, 1, 1, 1, 1, 1, 1, 1, 17, 1, 1], Computed("phi3", 13));
        Assert.Equal([7, 1, 1], Computed("llama-rope-dynamic", 3));

        int[] Computed(string name, int maxTokens)
        {
            using var record = new FamilyRecord(name);
            using var decoder = DecoderModel.FromPretrained(record.Folder);
            using var steps = new Trace(decoder, decoder.Layout.Block(0), new() { History = CallHistory.All });
            decoder.Generate(Ints(record.Prompt), maxTokens);
            return [.. steps.Calls.Select(call => (int)call.Output.shape[1])];
        }
    }

    public void Dispose() => _scope.Dispose();

    private static void Check(string model, string device)
    {
        using var record = new FamilyRecord(model);
        using var decoder = DecoderModel.FromPretrained(record.Folder, device: torch.device(device));
        int[] prompt = Ints(record.Prompt), expected = Ints(record.Greedy);

        Assert.Equal(expected, decoder.Generate(prompt, expected.Length));
        Assert.Equal(expected, decoder.Generate(prompt, expected.Length, new() { Cache = false }));
        using var watch = new TraceDict(decoder, Enumerable.Range(0, decoder.Layout.Layers).Select(decoder.Layout.AttentionPattern));
        Assert.Equal(expected, decoder.Generate(prompt, expected.Length));
    }

    private static int[] Ints(long[] ids) => [.. ids.Select(id => (int)id)];
}
