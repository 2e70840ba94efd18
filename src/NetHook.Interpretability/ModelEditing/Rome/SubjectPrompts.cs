using static TorchSharp.torch;

namespace NetHook.Interpretability;

/// <summary>
/// Prompts that hold a subject, as one batch, padded at the end, so that positions count from the first token; and for each
/// prompt the position of the subject's last one.
/// </summary>
internal sealed record SubjectPrompts(TokenBatch Batch, long[] SubjectEnds)
{
    public int Count => Batch.Count;

    public long[] Lengths => [.. Batch.Rows.Select(row => (long)row.Count)];

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

        return new(TokenBatch.Of(rows.Select(row => row.Ids), PaddingSide.Right), [.. rows.Select(row => row.SubjectEnd)]);
    }

    /// <summary>1 at each prompt's last token of the subject, else 0: <c>[prompts, tokens, 1]</c>.</summary>
    public Tensor SubjectMask(Device device) =>
        (tensor(SubjectEnds).unsqueeze(1) == HeldScalars.Range(Batch.Length, ScalarType.Int64)).unsqueeze(2).to(device);
}
