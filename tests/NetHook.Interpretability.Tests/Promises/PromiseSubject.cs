using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Module = TorchSharp.torch.nn.Module;

namespace NetHook.Interpretability.Tests;

/// <summary>A language model and a smaller one that operations are tried on, whose passes a probe sees, and what a case makes beside them.</summary>
internal sealed class PromiseSubject : IDisposable
{
    private readonly List<IDisposable> _owned = [];
    private int _files;

    /// <param name="name">The language model, by its name in <see cref="Studied"/>.</param>
    public PromiseSubject(string name)
    {
        Language = Studied.Model(name);
        Model.ReplaceModule(name == "gpt2" ? $"{Layer}.mlp.act" : $"{Layer}.behind", new ProbedLayer()).Dispose();
        Model.parameters().First().requires_grad = false;
        Net.eval();
        Net.GetModule("b").train();
        Ids = tensor([1L, 2, 3, 4], [1, 4]).DetachFromDisposeScope();
        Input = ones(2, 3).DetachFromDisposeScope();
    }

    public LanguageModel Language { get; }

    public nn.Module<Tensor, Tensor> Model => Language.Model;

    public Gpt2 Gpt2 => (Gpt2)Model;

    /// <summary>The block that the probe is in.</summary>
    public string Layer => Language.Layout.Block(1);

    public Sequential Net { get; } = nn.Sequential(("a", nn.Linear(3, 4)), ("b", nn.Sequential(("act", new ProbedLayer()), ("norm", nn.LayerNorm(4)))), ("c", nn.Linear(4, 2)));

    public IReadOnlyDictionary<string, Module> Models => new Dictionary<string, Module> { ["model"] = Model, ["net"] = Net };

    public Tensor Ids { get; }

    public Tensor Input { get; }

    public TemporaryFolder Folder { get; } = new();

    /// <summary>Sees each call of an edit.</summary>
    public Probe Edits { get; } = new();

    /// <summary>An edit that changes nothing.</summary>
    public Func<Tensor, Tensor?> Edit => _ =>
    {
        Edits.Pass();
        return null;
    };

    /// <summary>Runs the language model.</summary>
    public void Pass() => Model.call(Ids).Dispose();

    /// <summary>Runs the other one, in a scope: a Sequential that ends early leaves what its layers gave.</summary>
    public void PassNet()
    {
        using DisposeScope scope = NewDisposeScope();
        Net.call(Input);
    }

    /// <summary>The path of a file that does not exist.</summary>
    public string NewFile() => Folder[$"{_files++}"];

    /// <summary>Keeps something that the case made until it is over, or is disposed in the middle.</summary>
    public T Own<T>(T made)
        where T : IDisposable
    {
        _owned.Add(made);
        return made;
    }

    /// <summary>Disposes what the case made.</summary>
    public void Release()
    {
        foreach (IDisposable made in Enumerable.Reverse(_owned))
            made.Dispose();
        _owned.Clear();
    }

    public void DisposeModels()
    {
        Language.Dispose();
        Net.Dispose();
    }

    public void Dispose()
    {
        Release();
        DisposeModels();
        Ids.Dispose();
        Input.Dispose();
        Folder.Dispose();
    }
}
