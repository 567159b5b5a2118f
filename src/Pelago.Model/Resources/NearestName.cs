namespace Pelago.Model;

/// <summary>Finds the known name that somebody most likely meant.</summary>
public static class NearestName
{
    private const int LongestCompared = 64;

    /// <summary>The nearest of the known names by edit distance (Levenshtein), letter case ignored.</summary>
    /// <returns>Null when nothing is near: more than half of the letters would change.</returns>
    public static string? Find(string given, IEnumerable<string> known)
    {
        if (given.Length > LongestCompared)
            return null;
        string? best = null;
        var bestDistance = int.MaxValue;
        foreach (var name in known)
        {
            var distance = Distance(given, name);
            if (distance >= bestDistance)
                continue;
            best = name;
            bestDistance = distance;
        }
        return best is not null && bestDistance * 2 <= Math.Max(given.Length, best.Length) ? best : null;
    }

    private static int Distance(string a, string b)
    {
        var previous = new int[b.Length + 1];
        var current = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++)
            previous[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            current[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var same = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]);
                current[j] = Math.Min(Math.Min(previous[j] + 1, current[j - 1] + 1), previous[j - 1] + (same ? 0 : 1));
            }
            (previous, current) = (current, previous);
        }
        return previous[b.Length];
    }
}
