namespace NetHook.Interpretability;

/// <summary>Makes the parts that <c>tokenizer.json</c> names. Any other part, and any other setting of these, is refused by name.</summary>
internal static class TokenizerJsonParts
{
    public static Normalizer? Normalizer(JsonPart part)
    {
        if (part.IsNull)
            return null;
        switch (part["type"].Text())
        {
            case "NFC":
                part.With("type");
                return new Nfc();
            case "Prepend":
                return new Prepend(part.With("type", "prepend")["prepend"].Text());
            case "Replace":
                part.With("type", "pattern", "content");
                return new Replace(Literal(part["pattern"]), part["content"].Text());
            case "Sequence":
                return new NormalizerSequence([.. part.With("type", "normalizers")["normalizers"].Items().Select(Normalizer).OfType<Normalizer>()]);
            case var other:
                throw part.NotSupported($"The normalizer '{other}'", "NFC", "Prepend", "Replace", "Sequence");
        }
    }

    public static PreTokenizer? PreTokenizer(JsonPart part)
    {
        if (part.IsNull)
            return null;
        switch (part["type"].Text())
        {
            case "ByteLevel":
                part.With("type", "add_prefix_space", "trim_offsets", "use_regex");
                return new ByteLevel(
                    part["use_regex"].Flag(missing: true) ? SplitPattern.Expression(ByteLevel.Gpt2Pattern) : null, part["add_prefix_space"].Flag(missing: true));
            case "Split":
                return Split(part.With("type", "pattern", "behavior", "invert"));
            case "Metaspace":
                return Metaspace(part.With("type", "replacement", "prepend_scheme", "split", "add_prefix_space", "str_rep"));
            case "Sequence":
                return new PreTokenizerSequence([.. part.With("type", "pretokenizers")["pretokenizers"].Items().Select(PreTokenizer).OfType<PreTokenizer>()]);
            case var other:
                throw part.NotSupported($"The pre-tokenizer '{other}'", "ByteLevel", "Split", "Metaspace", "Sequence");
        }
    }

    public static IReadOnlyList<Decoder>? Decoders(JsonPart part)
    {
        if (part.IsNull)
            return null;
        switch (part["type"].Text())
        {
            case "ByteLevel":
                part.With("type", "add_prefix_space", "trim_offsets", "use_regex");
                return [new ByteLevelDecoder()];
            case "ByteFallback":
                part.With("type");
                return [new ByteFallbackDecoder()];
            case "Fuse":
                part.With("type");
                return [new FuseDecoder()];
            case "Replace":
                part.With("type", "pattern", "content");
                return [new ReplaceDecoder(Literal(part["pattern"]), part["content"].Text())];
            case "Strip":
                part.With("type", "content", "start", "stop");
                return [new StripDecoder(part["content"].Character(), part["start"].Number(), part["stop"].Number())];
            case "Sequence":
                return [.. part.With("type", "decoders")["decoders"].Items().SelectMany(step => Decoders(step) ?? [])];
            case var other:
                throw part.NotSupported($"The decoder '{other}'", "ByteLevel", "Replace", "ByteFallback", "Fuse", "Strip", "Sequence");
        }
    }

    public static Template Template(JsonPart part, IReadOnlyDictionary<string, int> vocabulary, IReadOnlyList<AddedToken> added)
    {
        if (part.IsNull)
            return Interpretability.Template.None;
        switch (part["type"].Text())
        {
            case "ByteLevel":
                part.With("type", "add_prefix_space", "trim_offsets", "use_regex");
                return new([], []) { TrimOffsets = (part["trim_offsets"].Flag(missing: true), part["add_prefix_space"].Flag(missing: true)) };
            case "TemplateProcessing":
                return TemplateReader.Read(part.With("type", "single", "pair", "special_tokens"), vocabulary, added);
            case "Sequence":
                return part.With("type", "processors")["processors"].Items().Select(step => Template(step, vocabulary, added))
                    .Aggregate(Interpretability.Template.None, (inner, outer) => inner.Inside(outer));
            case var other:
                throw part.NotSupported($"The post-processor '{other}'", "ByteLevel", "TemplateProcessing", "Sequence");
        }
    }

    private static Split Split(JsonPart part)
    {
        if (part["invert"].Flag(missing: false))
            throw part["invert"].NotSupported("true", "false");
        bool mergedWithPrevious = part["behavior"].Text() switch
        {
            "Isolated" => false,
            "MergedWithPrevious" => true,
            var other => throw part["behavior"].NotSupported($"'{other}'", "Isolated", "MergedWithPrevious"),
        };
        JsonPart pattern = part["pattern"].With("Regex", "String");
        if (pattern["Regex"].TextOrNull() is not { } expression)
            return new(SplitPattern.Text(Literal(pattern)), mergedWithPrevious);
        try
        {
            return new(SplitPattern.Expression(expression), mergedWithPrevious);
        }
        catch (ArgumentException e)
        {
            throw pattern["Regex"].Refusal($"The expression cannot be used: {e.Message}", e);
        }
    }

    private static Metaspace Metaspace(JsonPart part)
    {
        string mark = part["replacement"].Character();
        if (mark.Length != 1)
            throw part["replacement"].Refusal($"It is {part["replacement"].Shown()}, which is beyond U+FFFF.");
        Metaspace.Prepending prepending = (part["prepend_scheme"].TextOrNull() ?? "always") switch
        {
            "first" => Interpretability.Metaspace.Prepending.First,
            "always" => Interpretability.Metaspace.Prepending.Always,
            "never" => Interpretability.Metaspace.Prepending.Never,
            var other => throw part["prepend_scheme"].NotSupported($"'{other}'", "first", "always", "never"),
        };

        // An older way to write "never".
        if (!part["add_prefix_space"].Flag(missing: true))
        {
            if (!part["prepend_scheme"].IsNull && prepending != Interpretability.Metaspace.Prepending.Never)
                throw part["add_prefix_space"].Refusal("It is false, which does not go with the prepend_scheme.");
            prepending = Interpretability.Metaspace.Prepending.Never;
        }

        return new(mark[0], prepending, part["split"].Flag(missing: true));
    }

    private static string Literal(JsonPart pattern)
    {
        JsonPart literal = pattern.With("String")["String"];
        return literal.Text() is { Length: > 0 } text ? text : throw literal.Refusal("It is empty.");
    }
}
