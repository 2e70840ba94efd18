using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook.Interpretability.Tests;

// Finding, copying, cutting and replacing layers.
internal static partial class PromisedOperations
{
    private static IEnumerable<Promised> Models =>
    [
        new("ModuleExtensions.GetModule(Module, string)", s => _ => s.Net.GetModule("b.norm"), s => s.Net.GetModule("nowhere")),
        new("ModuleExtensions.GetModule<T>(Module, string)", s => _ => s.Net.GetModule<TorchSharp.Modules.Linear>("a"), s => s.Net.GetModule<ReLU>("a")),
        new("ModuleExtensions.GetParameter(Module, string)", s => _ => s.Net.GetParameter("a.weight"), s => s.Net.GetParameter("a.wait")),
        new("ModuleExtensions.ModuleNames(Module, string, bool)", s => _ => s.Net.ModuleNames("b.*"), s => s.Net.ModuleNames("nowhere.*")),
        new("ModuleExtensions.ModuleNames<T>(Module, string)", s => _ => s.Net.ModuleNames<TorchSharp.Modules.Linear>(), s => s.Net.ModuleNames<TorchSharp.Modules.Linear>(null!)),
        new("ModuleExtensions.ModuleNames(Module, Func<string, Module, bool>, bool)", s => _ => s.Net.ModuleNames((_, _) => true), s => s.Net.ModuleNames((_, _) => throw new ArgumentException("by the caller"))),
        new("ModuleExtensions.ParameterNames(Module)", s => _ => s.Net.ParameterNames(), _ => ((Module)null!).ParameterNames()),
        new("ModuleExtensions.ActiveTraces(Module)", s => _ => s.Net.ActiveTraces(), _ => ((Module)null!).ActiveTraces()),
        new("ModuleExtensions.DeepCopy<T>(T)", s => _ => Use(s, s.Net.DeepCopy()), _ => ((Sequential)null!).DeepCopy(), _ => new NoCopies().DeepCopy()),
        new(
            "ModuleExtensions.WithEdit<T>(T, string, Delegate)",
            s => _ => Use(s, s.Net.WithEdit("b", s.Edit)),
            s => s.Net.WithEdit("nowhere", s.Edit),
            s => s.Net.WithEdit("b", (string text) => text)),
        new(
            "ModuleExtensions.WithEdits<T>(T, ValueTuple<string, Delegate>[])",
            s => _ => Use(s, s.Net.WithEdits(("b", s.Edit), ("b.norm", s.Edit))),
            s => s.Net.WithEdits(("b", s.Edit), ("nowhere", s.Edit)),
            s => s.Net.WithEdits(("b", s.Edit), ("c", (string text) => text))),
        new(
            "ModuleExtensions.ReplaceModule(Module, string, Module)",
            s => _ =>
            {
                using ReLU other = nn.ReLU();
                Module old = s.Net.ReplaceModule("c", other);
                try
                {
                    s.PassNet();
                }
                finally
                {
                    s.Net.ReplaceModule("c", old);
                }
            },
            s => s.Net.ReplaceModule("nowhere", s.Own(nn.ReLU())),
            s => s.Net.ReplaceModule("c", null!),
            s => s.Net.ReplaceModule("c", s.Own(nn.LSTM(1, 1)))),
        new(
            "ModuleExtensions.Replacing(Module, string, Module)",
            s => _ =>
            {
                using ModuleReplacement replaced = s.Net.Replacing("c", nn.ReLU());
                s.PassNet();
            },
            s => s.Net.Replacing("nowhere", s.Own(nn.ReLU())),
            s => s.Net.Replacing("c", s.Own(nn.LSTM(1, 1)))),
        new("ModuleReplacement.Dispose()", s => _ =>
        {
            ModuleReplacement replaced = s.Net.Replacing("c", s.Own(nn.ReLU()));
            replaced.Dispose();
            s.PassNet();
            replaced.Dispose();
        }),
        new("ModuleExtensions.Summary(Module, Action)", s => _ => s.Net.Summary(s.PassNet), _ => ((Module)null!).Summary()),
        new("ModuleExtensions.VerifyTracing(Module, Action)", s => _ => s.Net.VerifyTracing(s.PassNet), s => s.Net.VerifyTracing(null!)),
        new(
            "ModuleExtensions.VerifyTracing<T>(Module, Func<T>)",
            s => _ =>
            {
                using DisposeScope scope = NewDisposeScope();
                s.Net.VerifyTracing(() => s.Net.call(s.Input));
            },
            s => s.Net.VerifyTracing(async () => await Task.Yield())),
        new(
            "Gradients.SetRequiresGrad(bool, Object[])",
            s => _ =>
            {
                Gradients.SetRequiresGrad(false, s.Net);
                try
                {
                    s.PassNet();
                }
                finally
                {
                    Gradients.SetRequiresGrad(true, s.Net);
                }
            },
            s => Gradients.SetRequiresGrad(false, s.Net, null!),
            s => Gradients.SetRequiresGrad(true, s.Model, s.Ids)),
        new(
            "Gradients.Frozen(Object[])",
            s => _ =>
            {
                using IDisposable frozen = Gradients.Frozen(s.Net, s.Model);
                s.PassNet();
                s.Pass();
            },
            s => Gradients.Frozen(s.Net, "a text")),
        new(
            "SequentialExtensions.Subsequence(Sequential, string, string, string, string, string, bool)",
            s => _ => Use(s, s.Net.Subsequence(lastLayer: "b")),
            s => s.Net.Subsequence(lastLayer: "nowhere"),
            s => s.Net.Subsequence(firstLayer: "a", singleLayer: "b")),
        new(
            "SequentialExtensions.HierarchicalSubsequence(Module, string[], string[], string[], string[], bool, int)",
            s => _ => Use(s, (Sequential)s.Net.HierarchicalSubsequence(null, ["b", "act"], null, null)!),
            s => s.Net.HierarchicalSubsequence(null, ["b", "nowhere"], null, null)),
    ];

    private static void Use(PromiseSubject subject, Sequential made)
    {
        using DisposeScope scope = NewDisposeScope();
        using (made)
            made.call(subject.Input);
    }

    private sealed class NoCopies() : nn.Module<Tensor, Tensor>(nameof(NoCopies))
    {
        private readonly FileSystemWatcher _field = new();

        public override Tensor forward(Tensor input) => input.alias();

        protected override void Dispose(bool disposing)
        {
            _field.Dispose();
            base.Dispose(disposing);
        }
    }
}
