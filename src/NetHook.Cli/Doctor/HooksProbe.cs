using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Cli;

/// <summary>Whether a trace sees and edits a layer with this TorchSharp, and leaves nothing behind.</summary>
internal static class HooksProbe
{
    private const string Advice = "Reference the TorchSharp that this NetHook is made for (docs/limitations.md names it), or report it, with these lines.";

    public static DoctorCheck Run(string title)
    {
        using DisposeScope scope = NewDisposeScope();
        using TorchSharp.Modules.Linear layer = nn.Linear(2, 2);
        Tensor input = ones(1, 2);
        Tensor before = layer.call(input);
        try
        {
            using (var trace = new Trace(layer, "", new() { EditOutput = (Tensor output) => output.neg() }))
            {
                if (!layer.call(input).Equals(before.neg()) || !trace.Output.Equals(before.neg()))
                    return new(title, false, "a trace does not see or edit its layer", Advice);
            }
        }
        catch (NotSupportedException e)
        {
            return new(title, false, Probes.FirstLine(e), Advice);
        }

        return layer.call(input).Equals(before)
            ? new(title, true, "a trace sees its layer, edits it, and leaves it as it was")
            : new(title, false, "a disposed trace still edits its layer", Advice);
    }
}
