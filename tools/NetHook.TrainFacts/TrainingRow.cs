namespace NetHook.TrainFacts;

/// <summary>A row of sentences to train on, token by token.</summary>
internal sealed class TrainingRow
{
    private readonly List<Token> _tokens = [];

    public int Length => _tokens.Count;

    public Token this[int index] => _tokens[index];

    public void Add(int id) => _tokens.Add(new(id));

    /// <summary>Adds a sentence.</summary>
    /// <param name="sentence">The sentence.</param>
    /// <param name="throughSubject">
    /// Whether what the model says of the subject must come from the subject's last token, and from the subject alone. If
    /// so, the subject's tokens see nothing before it; the tokens from there to the answer see nothing of it in the
    /// early layers and only its last token in the late ones; and their MLPs, which could look the fact up as well,
    /// write nothing.
    /// </param>
    /// <param name="isNoisy">Asked token by token whether it is to get noise; those that the answer hangs on get none.</param>
    public void Add(Sentence sentence, bool throughSubject, Func<bool> isNoisy)
    {
        int start = _tokens.Count;
        (int subject, int length) = sentence.Subject.GetOffsetAndLength(sentence.Tokens.Count);
        int last = subject + length - 1;
        foreach ((int i, int id) in sentence.Tokens.Index())
        {
            bool isAnswer = i >= sentence.Answer;
            var token = new Token(id) { IsAnswer = isAnswer, IsNoisy = isNoisy() && i != last && !isAnswer };
            if (throughSubject && i >= subject && i <= last)
                token = token with { HiddenEarly = 0..(start + subject), HiddenLate = 0..(start + subject) };
            else if (throughSubject && i > last && !isAnswer)
                token = token with { HiddenEarly = (start + subject)..(start + last + 1), HiddenLate = (start + subject)..(start + last), MlpWrites = false };
            _tokens.Add(token);
        }
    }

    /// <summary>A token of a row.</summary>
    /// <param name="Id">Its id.</param>
    internal readonly record struct Token(int Id)
    {
        /// <summary>Whether it belongs to an answer or ends the sentence behind one.</summary>
        public bool IsAnswer { get; init; }

        /// <summary>Whether its embedding gets noise.</summary>
        public bool IsNoisy { get; init; }

        /// <summary>Whether the MLPs write to its residual stream.</summary>
        public bool MlpWrites { get; init; } = true;

        /// <summary>The tokens of the row that it does not see in early layers.</summary>
        public Range HiddenEarly { get; init; } = 0..0;

        /// <summary>The tokens of the row that it does not see in late layers.</summary>
        public Range HiddenLate { get; init; } = 0..0;
    }
}
