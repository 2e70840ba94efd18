namespace NetHook;

/// <summary>How many characters must be inserted, removed, replaced or swapped with their neighbour to turn one name into another.</summary>
internal static class EditDistance
{
    /// <summary>The distance, or any number above <paramref name="most"/> if it is greater than that.</summary>
    internal static int Between(string a, string b, int most)
    {
        if (Math.Abs(a.Length - b.Length) > most)
            return most + 1;

        (int[]? beforeLast, int[]? last, int[]? current) = (new int[b.Length + 1], new int[b.Length + 1], new int[b.Length + 1]);
        for (int j = 0; j <= b.Length; j++)
            last[j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            current[0] = i;
            int least = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int distance = Math.Min(Math.Min(last[j], current[j - 1]) + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    distance = Math.Min(distance, beforeLast[j - 2] + 1);
                current[j] = distance;
                least = Math.Min(least, distance);
            }

            if (least > most)
                return most + 1;
            (beforeLast, last, current) = (last, current, beforeLast);
        }

        return last[b.Length];
    }
}
