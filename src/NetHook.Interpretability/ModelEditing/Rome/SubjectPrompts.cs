using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// Prompts that hold a subject, as one batch: token ids <c>[prompts, tokens]</c>, padded at the end, which changes nothing
/// before it; and for each prompt the number of tokens and the position of the subject's last one.
/// </summary>
internal sealed record SubjectPrompts(Tensor Tokens, long[] Lengths, long[] SubjectEnds)
{
    public int Count => Lengths.Length;

    public static SubjectPrompts Of(LanguageModel model, EditRequest request, IEnumerable<(string Prefix, string Template, IEnumerable<int> Continuation)> prompts)
    {
        List<(int[] Ids, long SubjectEnd)> rows = [];
        foreach ((string prefix, string template, IEnumerable<int> continuation) in prompts)
        {
            // The prefix is put before what is filled: braces in it mean nothing.
            (string filled, Range place) = request.Fill(template);
            (string text, Range subject) = (prefix + filled, (prefix.Length + place.Start.Value)..(prefix.Length + place.End.Value));
            (IReadOnlyList<int> tokens, Range range) = model.Tokenizer.EncodeWithPart(text, subject);
            rows.Add(([.. tokens, .. continuation], range.End.Value - 1));
        }

        int longest = rows.Max(row => row.Ids.Length);
        long[] ids = [.. rows.SelectMany(row => row.Ids.Select(id => (long)id).Concat(Enumerable.Repeat(0L, longest - row.Ids.Length)))];
        return new(
            tensor(ids, [rows.Count, longest]).to(model.Parts.Device),
            [.. rows.Select(row => (long)row.Ids.Length)],
            [.. rows.Select(row => row.SubjectEnd)]);
    }

    /// <summary>1 at each prompt's last token of the subject, else 0: <c>[prompts, tokens, 1]</c>.</summary>
    public Tensor SubjectMask() =>
        (tensor(SubjectEnds).unsqueeze(1) == HeldScalars.Range(Tokens.shape[1], ScalarType.Int64)).unsqueeze(2).to(Tokens.device);
}
