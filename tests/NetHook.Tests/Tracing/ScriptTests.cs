using System.IO.Compression;
using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Tests;

/// <summary>Scripted modules: hooks at their top level only.</summary>
public sealed class ScriptTests : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"nethook-script-{Guid.NewGuid():N}.pt");

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Scripted_module_of_one_argument_is_captured_edited_and_stopped()
    {
        Save("x: Tensor", "torch.mul(x, 2)");
        using jit.ScriptModule<Tensor, Tensor> script = jit.load<Tensor, Tensor>(_file);
        using (var trace = new Trace(script, null, new() { RetainInput = true, EditOutput = (Tensor output) => output + 1, EditInput = (Tensor input) => input * 10 }))
        {
            TensorAssert.Same(full(2, 21f), script.call(ones(2)));
            TensorAssert.Same(full(2, 21f), trace.Output);
            TensorAssert.Same(full(2, 10f), trace.Input);
        }

        using (var stop = new Trace(script, null, new() { Stop = true }))
            stop.Run(() => script.call(ones(2)));
        TensorAssert.Same(full(2, 2f), script.call(ones(2)));
        Assert.Equal(0, Hooks.Count(script));
    }

    [Fact]
    public void Scripted_module_of_two_arguments_is_captured_and_edited()
    {
        Save("x: Tensor, y: Tensor", "torch.mul(x, y)");
        using jit.ScriptModule<Tensor, Tensor, Tensor> script = jit.load<Tensor, Tensor, Tensor>(_file);
        using var trace = new Trace(script, null, new() { RetainInput = true, EditOutput = (Tensor output) => output + 1 });
        TensorAssert.Same(full(2, 4f), script.call(ones(2), full(2, 3f)));
        TensorAssert.Same(full(2, 3f), trace.InputAs<(Tensor, Tensor)>().Item2);
    }

    [Fact]
    public void Scripted_module_without_types_is_refused_with_the_way_out()
    {
        Save("x: Tensor", "torch.mul(x, 2)");
        using jit.ScriptModule script = jit.load(_file);
        Messages.Same(
            "Layer '' (the model itself, ScriptModule) is a scripted module loaded without its types, which TorchSharp gives no hooks. "
            + "Load it with torch.jit.load<T, TResult>(...), or <T1, T2, TResult> for two arguments.",
            () => new Trace(script));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Inside_of_a_script_is_reported_as_native_code(bool reached)
    {
        SaveNested();
        using jit.ScriptModule<Tensor, Tensor> script = jit.load<Tensor, Tensor>(_file);
        // TorchSharp cannot dispose a module with a script inside.
        var net = new RunsScript(script);
        TracingReport report = net.VerifyTracing(() => reached ? net.call(ones(2)) : ones(2));

        Assert.Equal(["", "script", "script.sub"], report.Layers.Select(layer => layer.Path));
        Assert.Equal(reached ? LayerVisibility.Seen : LayerVisibility.NotReached, report.Layers[1].Visibility);
        Assert.Equal(reached ? LayerVisibility.InNativeCode : LayerVisibility.NotReached, report.Layers[2].Visibility);
        Assert.NotEqual(reached, report.AllSeen);
    }

    private sealed class RunsScript : nn.Module<Tensor, Tensor>
    {
        private readonly jit.ScriptModule<Tensor, Tensor> script;

        public RunsScript(jit.ScriptModule<Tensor, Tensor> script)
            : base(nameof(RunsScript))
        {
            this.script = script;
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => script.call(x);
    }

    // A TorchScript archive as torch.jit.save writes it: a pickled object without attributes, and the code of its class.
    private void Save(string parameters, string result) => Save(
        [0x80, 2, .. "c__torch__\nM\n)"u8, 0x81, .. "}(X"u8, 8, 0, 0, 0, .. "training"u8, 0x89, .. "ub."u8],
        Class("M", "", parameters, result));

    private void SaveNested() => Save(
        [
            0x80, 2, .. "c__torch__\nM\n)"u8, 0x81, .. "}(X"u8, 8, 0, 0, 0, .. "training"u8, 0x89, (byte)'X', 3, 0, 0, 0, .. "sub"u8,
            .. "c__torch__\nN\n)"u8, 0x81, .. "}(X"u8, 8, 0, 0, 0, .. "training"u8, 0x89, .. "ub"u8, .. "ub."u8,
        ],
        Class("M", "  sub : __torch__.N\n", "x: Tensor", "(self.sub).forward(x, )") + Class("N", "", "x: Tensor", "torch.mul(x, 2)"));

    private static string Class(string name, string members, string parameters, string result) =>
        $"class {name}(Module):\n  __parameters__ = []\n  __buffers__ = []\n  training : bool\n{members}  def forward(self: __torch__.{name},\n    {parameters}) -> Tensor:\n    return {result}\n";

    private void Save(byte[] data, string code)
    {
        using ZipArchive zip = ZipFile.Open(_file, ZipArchiveMode.Create);
        Entry("data.pkl", data);
        Entry("code/__torch__.py", Encoding.UTF8.GetBytes(code));
        Entry("constants.pkl", [0x80, 2, (byte)')', (byte)'.']);
        Entry("version", "3\n"u8.ToArray());

        void Entry(string name, byte[] content)
        {
            using Stream stream = zip.CreateEntry("m/" + name, CompressionLevel.NoCompression).Open();
            stream.Write(content);
        }
    }
}
