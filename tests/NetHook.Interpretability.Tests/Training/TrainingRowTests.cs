using NetHook.TrainFacts;
using TorchSharp;

namespace NetHook.Interpretability.Tests;

public sealed class TrainingRowTests
{
    // Tokens 10 to 15; the subject is 12 and 13, the answer 15.
    private static readonly Sentence Fact = new([10, 11, 12, 13, 14, 15], 2..4, 5);

    [Fact]
    public void Sentence_is_read_as_it_stands()
    {
        var row = new TrainingRow();
        row.Add(Fact, throughSubject: false, () => false);

        Assert.Equal([10, 11, 12, 13, 14, 15], Tokens(row).Select(token => token.Id));
        Assert.Equal([false, false, false, false, false, true], Tokens(row).Select(token => token.IsAnswer));
        Assert.All(Tokens(row), token => Assert.Equal((false, true, 0..0, 0..0), (token.IsNoisy, token.MlpWrites, token.HiddenEarly, token.HiddenLate)));
    }

    [Fact]
    public void Noise_spares_the_subjects_last_token_and_the_answer()
    {
        var row = new TrainingRow();
        row.Add(Fact, throughSubject: false, () => true);

        Assert.Equal([true, true, true, false, true, false], Tokens(row).Select(token => token.IsNoisy));
    }

    [Fact]
    public void Sentence_through_its_subject_shows_only_the_subjects_last_token_and_only_late()
    {
        var row = new TrainingRow();
        row.Add(9);
        row.Add(Fact, throughSubject: true, () => false);

        Assert.Equal([0..0, 0..0, 0..0, 0..3, 0..3, 3..5, 0..0], Tokens(row).Select(token => token.HiddenEarly));
        Assert.Equal([0..0, 0..0, 0..0, 0..3, 0..3, 3..4, 0..0], Tokens(row).Select(token => token.HiddenLate));
        Assert.Equal([true, true, true, true, true, false, true], Tokens(row).Select(token => token.MlpWrites));
    }

    [Fact]
    public void Batch_has_what_the_rows_say()
    {
        var row = new TrainingRow();
        row.Add(Fact, throughSubject: true, () => false);
        using DisposeScope scope = TorchSharp.torch.NewDisposeScope();

        var batch = new TrainingBatch([row], context: 5);

        Assert.Equal([10, 11, 12, 13, 14, 15], batch.Tokens.data<long>());
        Assert.Equal([0.2f, 0.2f, 0.2f, 0.2f, 0.2f, 1], batch.Weights.data<float>());
        Assert.Equal([0, 0, 0, 0, 0], batch.IsNoisy.data<float>());
        Assert.Equal([1, 1, 1, 1, 0], batch.MlpWrites.data<float>());
        Assert.Equal([1, 1, 5, 5], batch.VisibleLate.shape);
        Assert.Equal(
            [
                1, 1, 1, 1, 1,
                1, 1, 1, 1, 1,
                0, 0, 1, 1, 1,
                0, 0, 1, 1, 1,
                1, 1, 0, 1, 1,
            ],
            batch.VisibleLate.data<float>());
        Assert.Equal([1, 1, 0, 0, 1], batch.VisibleEarly.data<float>().TakeLast(5));
    }

    private static IEnumerable<TrainingRow.Token> Tokens(TrainingRow row) => Enumerable.Range(0, row.Length).Select(i => row[i]);
}
