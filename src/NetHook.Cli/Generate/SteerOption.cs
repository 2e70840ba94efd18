using System.CommandLine;
using System.Globalization;
using NetHook.Interpretability;
using TorchSharp;
using static TorchSharp.torch.nn;

namespace NetHook.Cli;

/// <summary><c>--steer FILE[:STRENGTH]</c>: vectors that are added to what layers give.</summary>
internal sealed class SteerOption : Option<string[]>
{
    public SteerOption()
        : base("--steer")
    {
        HelpName = "FILE[:STRENGTH]";
        Description = "Add the steering vector of a file to what its layer gives, this many times (1 without STRENGTH); may be given several times.";
    }

    /// <summary>Reads the files and steers the model, until the result is disposed.</summary>
    public Steerings Attach(ParseResult arguments, Module model)
    {
        var steerings = new Steerings();
        try
        {
            foreach (string text in arguments.GetValue(this) ?? [])
                steerings.Add(text, model);
            return steerings;
        }
        catch
        {
            steerings.Dispose();
            throw;
        }
    }

    /// <summary>Steering vectors that are attached to a model.</summary>
    internal sealed class Steerings : IDisposable
    {
        private readonly List<IDisposable> _attached = [];

        public List<SteeringItem> Items { get; } = [];

        public void Add(string text, Module model)
        {
            (string file, double strength) = Split(text);
            var steering = SteeringVector.Load(file);
            _attached.Add(steering);
            Trace trace = Checked(() => steering.Attach(model, strength), file);
            _attached.Add(trace);
            using torch.Tensor vector = steering.Vector;
            Items.Add(new(file, steering.Layer, strength, vector.shape[0]));
        }

        public void Dispose()
        {
            foreach (IDisposable attached in Enumerable.Reverse(_attached))
                attached.Dispose();
        }

        private static Trace Checked(Func<Trace> attach, string file)
        {
            try
            {
                return attach();
            }
            catch (Exception e) when (e is KeyNotFoundException or ArgumentException)
            {
                throw new ToolException($"{file}: {e.Message}");
            }
        }

        private static (string File, double Strength) Split(string text)
        {
            int colon = text.LastIndexOf(':');
            return colon > 0 && double.TryParse(text.AsSpan(colon + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out double strength)
                ? double.IsFinite(strength) ? (text[..colon], strength) : throw new ToolException($"--steer {text}: the strength is not a finite number.")
                : (text, 1);
        }
    }
}
