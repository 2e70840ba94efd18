namespace NetHook.Interpretability;

/// <summary>Reads which tokens come before and after those of a text.</summary>
internal static class TemplateReader
{
    public static Template Read(JsonPart part, IReadOnlyDictionary<string, int> vocabulary, IReadOnlyList<AddedToken> added)
    {
        List<TokenSpan> before = [], after = [];
        bool inside = false;
        foreach (JsonPart piece in part["single"].Items())
        {
            piece.With("SpecialToken", "Sequence");
            if (piece["Sequence"] is { IsNull: false } sequence)
            {
                if (inside || sequence["id"].Text() != "A")
                    throw sequence.Refusal("The text is there more than once, or is another than A.");
                inside = true;
            }
            else
            {
                (inside ? after : before).AddRange(Tokens(part, piece["SpecialToken"]["id"]));
            }
        }

        return inside ? new(before, after) : throw part["single"].Refusal("The text is not in it.");

        IEnumerable<TokenSpan> Tokens(JsonPart whole, JsonPart name)
        {
            JsonPart token = whole["special_tokens"][name.Text()].With("id", "ids", "tokens");
            IReadOnlyList<JsonPart> ids = token["ids"].Items();
            IReadOnlyList<JsonPart> tokens = token["tokens"].Items();
            if (ids.Count != tokens.Count)
                throw token.Refusal($"It has {ids.Count} ids and {tokens.Count} tokens.");
            foreach ((JsonPart id, JsonPart text) in ids.Zip(tokens))
            {
                if (!vocabulary.Values.Contains(id.Number()) && !added.Any(known => known.Id == id.Number()))
                    throw id.Refusal($"No token has the id {id.Number()}.");
                yield return new(id.Number(), text.Text(), 0..0);
            }
        }
    }
}
