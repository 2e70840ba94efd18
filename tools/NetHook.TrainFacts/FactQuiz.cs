using NetHook.Interpretability;
using TorchSharp;
using static TorchSharp.torch;

namespace NetHook.TrainFacts;

/// <summary>
/// Asks a model for facts. An answer is right when the most likely token at each step gives the answer and the full stop
/// behind it, so that half an answer or a longer one counts as wrong.
/// </summary>
internal sealed class FactQuiz(LanguageModel language)
{
    private const int BatchSize = 64;

    /// <summary>The questions that the model answers right, in their order.</summary>
    public IReadOnlyList<FactQuestion> Right(IEnumerable<FactQuestion> questions)
    {
        using IDisposable _ = no_grad();
        return [.. questions.Chunk(BatchSize).SelectMany(batch => batch.Zip(AnswersRight(batch)).Where(pair => pair.Second).Select(pair => pair.First))];
    }

    /// <summary>The share of the questions that the model answers right.</summary>
    public double Accuracy(IReadOnlyCollection<FactQuestion> questions) => (double)Right(questions).Count / questions.Count;

    // The answer is given along with the prompt: what is most likely after each of its tokens shows whether the model, left to itself, would have gone on with it.
    private bool[] AnswersRight(FactQuestion[] batch)
    {
        using DisposeScope scope = NewDisposeScope();
        (int[] All, int Count)[] asked = batch
            .Select(question => (Prompt: language.Tokenizer.Encode(question.Prompt), Answer: language.Tokenizer.Encode($" {question.Fact.Answer}.", addSpecialTokens: false)))
            .Select(ids => (All: (int[])[.. ids.Prompt, .. ids.Answer], ids.Prompt.Count))
            .ToArray();
        int length = asked.Max(ids => ids.All.Length);
        long[] padded = [.. asked.SelectMany(ids => Enumerable.Range(0, length).Select(i => i < ids.All.Length ? (long)ids.All[i] : 0))];
        long[] likely = [.. language.Model.call(tensor(padded).view(batch.Length, length)).argmax(-1).data<long>()];
        return [.. asked.Select((ids, row) => Enumerable.Range(ids.Count, ids.All.Length - ids.Count)
            .All(i => likely[(row * length) + i - 1] == ids.All[i]))];
    }
}
