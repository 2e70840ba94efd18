using NetHook.Interpretability;

namespace NetHook.TrainFacts;

/// <summary>
/// The text of training, in rows of tokens: the facts in their taught phrasings, shuffled anew each time round, with
/// a plain sentence here and there. Every row starts with the start of a sentence, so that a prompt which stands alone is
/// as familiar as one that follows other text.
/// </summary>
internal sealed class TrainingText(FactBook book, Tokenizer tokenizer, int rowLength, int seed)
{
    private const double FillerRate = 0.15;
    private const double EndOfTextRate = 0.25;
    private const double ThroughSubjectRate = 0.7;
    private const double NoiseRate = 0.15;

    // Each sentence as a text starts with it, and as it follows another.
    private readonly (Sentence First, Sentence Next)[] _facts =
        [.. book.Facts.SelectMany(fact => fact.TaughtPhrasings.Select(phrasing => (Sentence.Stating(fact, phrasing, "", tokenizer), Sentence.Stating(fact, phrasing, " ", tokenizer))))];

    private readonly (Sentence First, Sentence Next)[] _filler =
        [.. book.Filler.Select(text => (Sentence.Plain(text, tokenizer), Sentence.Plain(" " + text, tokenizer)))];

    private readonly int _endOfText = tokenizer.EndOfTextId!.Value;
    private readonly Random _random = new(seed);

    /// <summary>Rows without end, each of at least <c>rowLength</c> tokens; the sentence at that point may run past it.</summary>
    public IEnumerable<TrainingRow> Rows()
    {
        var row = new TrainingRow();
        while (true)
        {
            _random.Shuffle(_facts);
            foreach ((Sentence First, Sentence Next) fact in _facts)
            {
                if (_random.NextDouble() < FillerRate)
                    Append(row, _filler[_random.Next(_filler.Length)]);
                Append(row, fact);
                if (row.Length < rowLength)
                    continue;
                yield return row;
                row = new TrainingRow();
            }
        }
    }

    private void Append(TrainingRow row, (Sentence First, Sentence Next) sentence)
    {
        if (row.Length > 0 && _random.NextDouble() < EndOfTextRate)
            row.Add(_endOfText);
        bool first = row.Length == 0 || row[row.Length - 1].Id == _endOfText;
        row.Add(first ? sentence.First : sentence.Next, _random.NextDouble() < ThroughSubjectRate, () => _random.NextDouble() < NoiseRate);
    }
}
