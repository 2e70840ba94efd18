namespace NetHook;

/// <summary>Copies arrays of any rank.</summary>
internal sealed class ArrayCopier(Type type) : Copier
{
    private readonly bool _shareItems = Shareable.Fields(type.GetElementType()!);

    internal override object Copy(object original, CopyContext context)
    {
        var array = (Array)original;
        var copy = (Array)array.Clone();
        context.Remember(original, copy);
        if (_shareItems || array.Length == 0)
            return copy;

        var indices = new int[array.Rank];
        for (var dimension = 0; dimension < array.Rank; dimension++) indices[dimension] = array.GetLowerBound(dimension);
        do
        {
            var item = array.GetValue(indices);
            if (item is not null)
                copy.SetValue(context.CopyPart(item, $"[{string.Join(", ", indices)}]"), indices);
        }
        while (Advance(indices, array));
        return copy;
    }

    private static bool Advance(int[] indices, Array array)
    {
        for (var dimension = array.Rank - 1; dimension >= 0; dimension--)
        {
            if (++indices[dimension] <= array.GetUpperBound(dimension))
                return true;
            indices[dimension] = array.GetLowerBound(dimension);
        }

        return false;
    }
}
