using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using TorchSharp;
using TorchSharp.PyBridge;
using static TorchSharp.torch;

namespace NetHook.Interpretability.Tests;

public sealed class PickledCheckpointTests : IDisposable
{
    private static readonly byte[] Six = MemoryMarshal.AsBytes<float>([0, 1, 2, 3, 4, 5]).ToArray();

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();

    private string Weights => _folder["pytorch_model.bin"];

    private string Output => _folder["converted"];

    public static TheoryData<string, byte[]> Harmful { get; } = new()
    {
        { "Its pickle names os.system, which is no part of a tensor. Nothing of it was run. Save the weights alone: torch.save(model.state_dict(), file).", new PickleWriter().Global("os", "system").Code('(').Text("touch /tmp/harm").Code('t', 'R').End() },
        { "Its pickle names torch.load, which is no part of a tensor. Nothing of it was run. Save the weights alone: torch.save(model.state_dict(), file).", new PickleWriter().Text("torch").Text("load").Code(0x93).End() },
        { "Its pickle has the instruction 0x69, which files of weights do not need.", new PickleWriter().Code('(').Text("os").Code('i').End() },
        { "It holds no dictionary of tensors. Save the weights alone: torch.save(model.state_dict(), file).", new PickleWriter().Integer(1).End() },
        { "Its pickle is damaged.", new PickleWriter().Code('}').Code('X', 255, 255, 255, 255).End() },
        { "Its pickle is damaged.", new PickleWriter().Code('}', 'u').End() },
        { "Its pickle is damaged.", new PickleWriter().Code('}', 'h', 9).End() },
        { "Its pickle is damaged.", new PickleWriter().Integer(1).Integer(2).Code('a').End() },
        { "A tensor of shape [4, 2] does not fit in its storage '0' of 6 numbers.", Dictionary(writer => writer.Tensor("FloatStorage", "0", 6, 0, [4, 2], [2, 1])) },
        { "A tensor of shape [6] does not fit in its storage '0' of 6 numbers.", Dictionary(writer => writer.Tensor("FloatStorage", "0", 6, -1, [6], [1])) },
        { "A tensor of shape [1099511627776] does not fit in its storage '0' of 6 numbers.", Dictionary(writer => writer.Tensor("FloatStorage", "0", 6, 0, [1L << 40], [0])) },
        { "A tensor of shape [4611686018427387904, 4611686018427387904, 4611686018427387904] does not fit in its storage '0' of 6 numbers.", Dictionary(writer => writer.Tensor("FloatStorage", "0", 6, 0, [1L << 62, 1L << 62, 1L << 62], [1, 1, 1])) },
        { "Its storage '0' has 24 bytes, expected 1099511627776.", Dictionary(writer => writer.Tensor("FloatStorage", "0", 1L << 38, 0, [1], [1])) },
        { "It lacks the storage '../0'.", Dictionary(writer => writer.Tensor("FloatStorage", "../0", 6, 0, [6], [1])) },
    };

    [Fact]
    public void A_file_written_by_another_library_is_read()
    {
        Gpt2 model = Tiny.Model();
        model.Config.Save(_folder["config.json"]);
        File.WriteAllText(_folder["vocab.json"], "{}");
        var state = new System.Collections.Hashtable();
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters())
            state.Add(name, parameter.detach());
        PyTorchPickler.PickleStateDict(Weights, state);

        int count = PickledCheckpoint.Convert(_folder.Path, Output);

        Assert.Equal(state.Count, count);
        Assert.True(Gpt2.FromPretrained(Output).call(Tiny.Tokens).Equals(model.call(Tiny.Tokens)));
        Assert.Equal("{}", File.ReadAllText(Path.Combine(Output, "vocab.json")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Views_and_shared_storages_are_what_they_are_of(bool isLegacy)
    {
        byte[] pickle = new PickleWriter().Global("collections", "OrderedDict").Code(')', 'R', 'q', 0, '(')
            .Text("whole").Tensor("FloatStorage", "a", 6, 0, [6], [1], isLegacy)
            .Text("turned").Tensor("FloatStorage", "a", 6, 0, [3, 2], [1, 3], isLegacy)
            .Text("part").Tensor("FloatStorage", "a", 6, 2, [2], [1], isLegacy)
            .Text("none").Tensor("FloatStorage", "a", 6, 0, [0, 4], [4, 1], isLegacy)
            .Text("one").Tensor("LongStorage", "b", 1, 0, [], [], isLegacy)
            .Code('u').Code('}').Text("_metadata").Code('N', 's', 'b').End();
        byte[] seven = BitConverter.GetBytes(7L);
        if (isLegacy)
            PickleWriter.Legacy(Weights, pickle, ("a", 4, Six), ("b", 8, seven));
        else
            PickleWriter.Zip(Weights, pickle, ("a", Six), ("b", seven));

        Assert.Equal(5, PickledCheckpoint.Convert(_folder.Path, Output));

        Dictionary<string, Tensor> read = SafetensorsFile.Load(Path.Combine(Output, "model.safetensors"));
        Assert.Equal([0, 1, 2, 3, 4, 5], read["whole"].data<float>());
        Assert.Equal([0, 3, 1, 4, 2, 5], read["turned"].data<float>());
        Assert.Equal([2, 3], read["part"].data<float>());
        Assert.Equal([0, 4], read["none"].shape);
        Assert.Equal((7, 0, ScalarType.Int64), (read["one"].ToInt64(), read["one"].dim(), read["one"].dtype));
    }

    [Fact]
    public void Several_files_become_several_files()
    {
        PickleWriter.Zip(_folder["a.bin"], Dictionary(writer => writer.Tensor("FloatStorage", "0", 6, 0, [6], [1]), "x"), ("0", Six));
        PickleWriter.Zip(_folder["b.bin"], Dictionary(writer => writer.Tensor("HalfStorage", "0", 2, 0, [2], [1]), "y"), ("0", [0, 60, 0, 64]));
        File.WriteAllText(_folder["pytorch_model.bin.index.json"], """{"metadata": {}, "weight_map": {"x": "a.bin", "y": "b.bin"}}""");

        PickledCheckpoint.Convert(_folder.Path, Output);

        JsonNode map = JsonNode.Parse(File.ReadAllText(Path.Combine(Output, "model.safetensors.index.json")))!["weight_map"]!;
        Tensor y = SafetensorsFile.Load(Path.Combine(Output, map["y"]!.ToString()))["y"];
        Assert.Equal((ScalarType.Float16, 1f, 2f), (y.dtype, y[0].to(ScalarType.Float32).item<float>(), y[1].to(ScalarType.Float32).item<float>()));
        Assert.NotEqual(map["x"]!.ToString(), map["y"]!.ToString());
    }

    [Theory]
    [MemberData(nameof(Harmful))]
    public void Nothing_but_tensors_is_made_and_nothing_is_left_behind(string problem, byte[] pickle)
    {
        PickleWriter.Zip(Weights, pickle, ("0", Six));

        Assert.Equal($"{Weights}: {problem}", Assert.Throws<CheckpointException>(() => PickledCheckpoint.Convert(_folder.Path, Output)).Message);
        Assert.Equal(["pytorch_model.bin"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void Other_values_are_named()
    {
        PickleWriter.Zip(Weights, Dictionary(writer => writer.Integer(3), "epoch"));

        Assert.Equal($"{Weights}, key 'epoch': It is no tensor.", Assert.Throws<CheckpointException>(() => PickledCheckpoint.Convert(_folder.Path, Output)).Message);
    }

    [Fact]
    public void A_storage_named_again_and_again_takes_no_more_memory_than_the_file_may()
    {
        byte[] storage = new byte[1 << 20];
        PickleWriter writer = new PickleWriter().Code('}', '(');
        for (int i = 0; i < 40; i++)
            writer.Text($"{i}").Tensor("ByteStorage", "0", storage.Length, 0, [storage.Length], [1]);
        PickleWriter.Zip(Weights, writer.Code('u').End(), ("0", storage));

        Assert.Contains("Its tensors would take 41943040 bytes, more than the", Assert.Throws<CheckpointException>(() => PickledCheckpoint.Convert(_folder.Path, Output)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_files_are_refused()
    {
        PickleWriter.Zip(Weights, Dictionary(writer => writer.Tensor("FloatStorage", "0", 6, 0, [6], [1])), ("0", Six));
        byte[] whole = File.ReadAllBytes(Weights);
        for (int length = 0; length < whole.Length; length += 17)
        {
            File.WriteAllBytes(Weights, whole[..length]);
            Assert.Throws<CheckpointException>(() => PickledCheckpoint.Convert(_folder.Path, Output));
        }
    }

    [Fact]
    public void Folders_without_pickles_and_outputs_with_files_are_refused()
    {
        Assert.Equal(
            $"{Weights}: The folder has neither this file nor pytorch_model.bin.index.json.",
            Assert.Throws<CheckpointException>(() => PickledCheckpoint.Convert(_folder.Path, Output)).Message);

        Tiny.Config.Save(_folder["config.json"]);
        PickleWriter.Zip(Weights, new PickleWriter().Code('}').End());
        Assert.Equal(
            $"{_folder["model.safetensors"]}: The folder has neither this file nor model.safetensors.index.json; it has pytorch_model.bin."
                + " Pickles are not loaded: write them as safetensors with 'nethook convert', or PickledCheckpoint.Convert.",
            Assert.Throws<CheckpointException>(() => Gpt2.FromPretrained(_folder.Path)).Message);
        Assert.ThrowsAny<IOException>(() => PickledCheckpoint.Convert(_folder.Path, _folder.Path));
        Assert.Equal(2, Directory.GetFiles(_folder.Path).Length);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _scope.Dispose();
    }

    private static byte[] Dictionary(Func<PickleWriter, PickleWriter> value, string key = "x") => value(new PickleWriter().Code('}').Text(key)).Code('s').End();
}
