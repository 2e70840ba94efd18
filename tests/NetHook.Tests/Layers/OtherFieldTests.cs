using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook.Tests;

/// <summary>A field that was assigned after RegisterComponents(), as in PyTorch's transfer learning: the model runs it, and its registration is another.</summary>
public class OtherFieldTests
{
    private const string Fc =
        "The field 'fc' of Net holds another module (a Linear) than the one registered as 'fc' (a Linear), because it was assigned after "
        + "RegisterComponents(), and the field's runs. Assign it before RegisterComponents(), or call ReplaceModule instead of assigning it.";

    private readonly Tensor _x = ones(1, 4);

    [Fact]
    public void Replacing_refuses_and_names_the_field()
    {
        using var net = new Net();
        Module registered = net.fc;
        net.fc = nn.Linear(4, 2);
        string message = "A Identity cannot take the place of the Linear at Net['fc']: " + Fc;
        Messages.Same(message, () => net.ReplaceModule("fc", Identity()));
        Messages.Same(message, () => net.Replacing("fc", Identity()));
        Assert.Same(registered, net.GetModule("fc"));
        Assert.IsType<ModuleReplacementException>(Record.Exception(() => net.ReplaceModule("fc", Identity())));
    }

    [Fact]
    public void WithEdit_refuses_and_names_the_field()
    {
        using var net = new Net();
        net.fc = nn.Linear(4, 2);
        Messages.Same("The edit of layer 'fc' (Linear) would change nothing: " + Fc, () => net.WithEdit("fc", (Tensor output) => output));
        Messages.Same(
            "The edit of layer 'fc' (Linear) would change nothing: " + Fc,
            () => net.WithEdits(("body.first", (Tensor output) => output), ("fc", (Tensor output) => output)));
    }

    [Fact]
    public void Trace_that_saw_nothing_names_the_field()
    {
        using var net = new Net();
        net.fc = nn.Linear(4, 2);
        string message = "Layer 'fc' (Linear) has not run since the trace was made or cleared. " + Fc;
        using (var trace = new Trace(net, "fc", new() { EditOutput = (Tensor output) => output * 2 }))
        {
            Messages.Same(message, () => trace.Run(() => net.call(_x)));
            Messages.Same(message, () => trace.Output);
        }

        using var traces = new TraceDict(net, ["fc"]);
        net.call(_x);
        Messages.Same(message, () => traces["fc"].Output);
    }

    [Fact]
    public void Field_on_the_way_to_the_layer_is_named()
    {
        using var net = new Net();
        net.body = Sequential(("first", ReLU()));
        const string Body =
            "The field 'body' of Net holds another module (a Sequential) than the one registered as 'body' (a Sequential), because it was "
            + "assigned after RegisterComponents(), and the field's runs. Assign it before RegisterComponents(), or call ReplaceModule instead of assigning it.";
        Messages.Same("A Identity cannot take the place of the Linear at Sequential['first']: " + Body, () => net.ReplaceModule("body.first", Identity()));
        Messages.Same("The edit of layer 'body.first' (Linear) would change nothing: " + Body, () => net.WithEdit("body.first", (Tensor output) => output));
        using var trace = new Trace(net, "body.first");
        net.call(_x);
        Messages.Same("Layer 'body.first' (Linear) has not run since the trace was made or cleared. " + Body, () => trace.Output);
    }

    [Fact]
    public void Field_registered_under_another_name_and_property_are_named()
    {
        using var net = new Net();
        net.Named = ReLU();
        net.Property = ReLU();
        Assert.StartsWith("A Identity cannot take the place of the Linear at Net['head']: The field 'head' of Net holds another module (a ReLU)", Assert.Throws<ModuleReplacementException>(() => net.ReplaceModule("head", Identity())).Message, StringComparison.Ordinal);
        Assert.StartsWith("A Identity cannot take the place of the Linear at Net['Property']: The field 'Property' of Net holds another", Assert.Throws<ModuleReplacementException>(() => net.ReplaceModule("Property", Identity())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Field_of_another_type_with_the_same_name_is_told_apart()
    {
        using var net = new Net();
        net.Named = new Linear();
        Assert.Contains("(a NetHook.Tests.OtherFieldTests.Linear) than the one registered as 'head' (a TorchSharp.Modules.Linear)", Assert.Throws<ModuleReplacementException>(() => net.ReplaceModule("head", Identity())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Layer_replaced_by_ReplaceModule_can_be_replaced_edited_and_traced_again()
    {
        using var net = new Net();
        net.ReplaceModule("fc", nn.Linear(4, 3));
        net.ReplaceModule("fc", nn.Linear(4, 2));
        using Net edited = net.WithEdit("fc", (Tensor output) => output * 0);
        Assert.Equal(0f, edited.call(_x).abs().sum().ToSingle());
    }

    private sealed class Linear() : Module<Tensor, Tensor>("Linear")
    {
        public override Tensor forward(Tensor input) => input;
    }

    private sealed class Net : Module<Tensor, Tensor>
    {
        public TorchSharp.Modules.Linear fc = nn.Linear(4, 4);
        public TorchSharp.Modules.Sequential body = Sequential(("first", nn.Linear(4, 4)));

        [ComponentName(Name = "head")]
        private Module<Tensor, Tensor> _named = nn.Linear(4, 4);

        public Net()
            : base(nameof(Net))
        {
            register_module("Property", Property);
            RegisterComponents();
        }

        public Module<Tensor, Tensor> Named
        {
            get => _named;
            set => _named = value;
        }

        public Module<Tensor, Tensor> Property { get; set; } = nn.Linear(4, 4);

        public override Tensor forward(Tensor input) => fc.call(body.call(input));
    }
}
