namespace NetHook;

/// <summary>Copies arrays of any rank.</summary>
internal sealed class ArrayCopier(Type type) : Copier
{
    private readonly bool _shareItems = Shareable.Fields(type.GetElementType()!);

    internal override object Copy(object original, CopyContext context)
    {
        var array = (Array)original;
        var copy = (Array)array.Clone();
        if (_shareItems)
            context.Remember(original, copy);
        else
            context.FillLater(this, original, copy);
        return copy;
    }

    internal override void Fill(object original, object copy, CopyContext context)
    {
        (Array array, Array copied) = ((Array)original, (Array)copy);
        foreach (int[] indices in Indices(array))
        {
            if (array.GetValue(indices) is { } item)
                copied.SetValue(context.CopyPart(item, $"[{string.Join(", ", indices)}]"), indices);
        }
    }

    /// <summary>The indices of every element, each a new array.</summary>
    internal static IEnumerable<int[]> Indices(Array array)
    {
        if (array.Length == 0)
            yield break;
        int[] indices = new int[array.Rank];
        for (int dimension = 0; dimension < array.Rank; dimension++)
            indices[dimension] = array.GetLowerBound(dimension);
        do
        {
            yield return [.. indices];
        }
        while (Advance(indices, array));
    }

    private static bool Advance(int[] indices, Array array)
    {
        for (int dimension = array.Rank - 1; dimension >= 0; dimension--)
        {
            if (++indices[dimension] <= array.GetUpperBound(dimension))
                return true;
            indices[dimension] = array.GetLowerBound(dimension);
        }

        return false;
    }
}
