using System.Text.Json;

namespace NetHook.Interpretability;

/// <summary>Reads the two large parts of <c>tokenizer.json</c>: half a million lines in a fraction of a second.</summary>
internal sealed class VocabularyReader(string path)
{
    private char[] _buffer = new char[256];

    /// <summary>The object from tokens to ids. No two tokens have one id.</summary>
    public Dictionary<string, int> ReadVocabulary(ReadOnlySpan<byte> json)
    {
        const string Key = "model.vocab";
        try
        {
            // An entry has at least six bytes, as in "a":1, so that nobody asks for much more memory than the file has.
            Dictionary<string, int> vocabulary = new(json.Length / 24);
            HashSet<int> ids = new(json.Length / 24);
            var reader = new Utf8JsonReader(json);
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
                throw new CheckpointException(path, Key, "It is not a JSON object from tokens to ids.");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string token = reader.GetString()!;
                reader.Read();
                if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out int id) || id < 0)
                    throw new CheckpointException(path, Key, $"The token '{token}' has no id, which is a whole number from 0 to {int.MaxValue}.");
                if (!vocabulary.TryAdd(token, id))
                    throw new CheckpointException(path, Key, $"The token '{token}' is there twice.");
                if (!ids.Add(id))
                    throw new CheckpointException(path, Key, $"The token '{token}' has the id {id}, which is another token's.");
            }

            return vocabulary;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CheckpointException(path, Key, $"It is not valid JSON of Unicode text: {e.Message}", e);
        }
    }

    /// <summary>The list of merges, each <c>"a b"</c> or <c>["a", "b"]</c>. If a pair is there twice, the last one counts.</summary>
    public Dictionary<(int Left, int Right), (int Rank, int Id)> ReadMerges(ReadOnlySpan<byte> json, Dictionary<string, int> vocabulary)
    {
        const string Key = "model.merges";
        try
        {
            Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> ids = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
            Dictionary<(int Left, int Right), (int Rank, int Id)> merges = new(json.Length / 16);
            var reader = new Utf8JsonReader(json);
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartArray)
                throw new CheckpointException(path, Key, "It is not a list.");
            for (int rank = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; rank++)
            {
                (int leftLength, int length) = ReadPair(ref reader);
                ReadOnlySpan<char> joined = _buffer.AsSpan(0, length);
                if (leftLength < 0 || !ids.TryGetValue(joined[..leftLength], out int left) || !ids.TryGetValue(joined[leftLength..], out int right)
                    || !ids.TryGetValue(joined, out int id))
                {
                    throw new CheckpointException(path, $"{Key}[{rank}]", "It is not two tokens of the vocabulary, \"a b\" or [\"a\", \"b\"], whose joining is a token too.");
                }

                merges[(left, right)] = (rank, id);
            }

            return merges;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new CheckpointException(path, Key, $"It is not valid JSON of Unicode text: {e.Message}", e);
        }
    }

    /// <summary>Puts the two tokens of a merge into the buffer, one after the other; a negative length if there are not two.</summary>
    private (int LeftLength, int Length) ReadPair(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            int length = ReadText(ref reader, 0);
            int space = _buffer.AsSpan(0, length).IndexOf(' ');
            if (space < 0)
                return (-1, 0);
            _buffer.AsSpan((space + 1)..length).CopyTo(_buffer.AsSpan(space));
            return (space, length - 1);
        }

        if (reader.TokenType != JsonTokenType.StartArray || !reader.Read() || reader.TokenType != JsonTokenType.String)
            return (-1, 0);
        int left = ReadText(ref reader, 0);
        if (!reader.Read() || reader.TokenType != JsonTokenType.String)
            return (-1, 0);
        int both = ReadText(ref reader, left);
        return reader.Read() && reader.TokenType == JsonTokenType.EndArray ? (left, both) : (-1, 0);
    }

    /// <summary>Puts a text into the buffer, from a place on, and gives its end.</summary>
    private int ReadText(ref Utf8JsonReader reader, int start)
    {
        // UTF-8 has at least as many bytes as UTF-16 has characters.
        if (_buffer.Length < start + reader.ValueSpan.Length)
            Array.Resize(ref _buffer, Math.Max(2 * _buffer.Length, start + reader.ValueSpan.Length));
        return start + reader.CopyString(_buffer.AsSpan(start));
    }
}
