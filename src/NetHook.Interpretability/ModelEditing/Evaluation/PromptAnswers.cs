using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>What a model says to a prompt, from one pass over it; answers of several tokens take more. Holds no tensors.</summary>
internal sealed class PromptAnswers
{
    private readonly LanguageModel _model;
    private readonly IReadOnlyList<int> _prompt;
    private readonly double[] _first;

    public PromptAnswers(LanguageModel model, IReadOnlyList<int> prompt)
    {
        (_model, _prompt) = (model, prompt);
        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        _first = [.. model.Parts.Logits(prompt)[-1].to(ScalarType.Float64).log_softmax(-1).cpu().data<double>()];
    }

    /// <summary>The most likely token behind the prompt.</summary>
    public int First => Array.IndexOf(_first, _first.Max());

    /// <summary>The most likely token, again and again, up to the end of the text.</summary>
    public IReadOnlyList<int> Say(int count)
    {
        if (count == 0 || First == _model.Tokenizer.EndOfTextId)
            return [];
        int room = (_model.Layout.MaxTokens ?? int.MaxValue) - _prompt.Count;
        return count == 1 || room <= 1 ? [First] : [First, .. _model.Continue([.. _prompt, First], count - 1)];
    }

    /// <summary>The probability of an answer, the geometric mean over its tokens.</summary>
    public double Probability(IReadOnlyList<int> answer)
    {
        if (answer.Count == 1)
            return Math.Exp(_first[answer[0]]);
        using IDisposable _ = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = _model.Parts.Logits([.. _prompt, .. answer]).narrow(0, _prompt.Count - 1, answer.Count);
        Tensor each = logits.to(ScalarType.Float64).log_softmax(-1).gather(1, _model.Parts.Ids(answer)[0].unsqueeze(1));
        return Math.Exp(each.mean().item<double>());
    }
}
