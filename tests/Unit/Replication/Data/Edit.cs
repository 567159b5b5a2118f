using Pelago.Replication;

namespace Pelago.Tests.Unit;

/// <summary>An operation on any of the types but sequences: what, on which key of a map, with which argument.</summary>
internal sealed record Edit(Kind Kind, string Key, string Item, int Number)
{
    public static Func<Random, TState, Edit> Any<TState>(params Kind[] kinds) => (random, _) => new Edit(
        kinds[random.Next(kinds.Length)], "kl"[random.Next(2)].ToString(), "xyz"[random.Next(3)].ToString(),
        random.Next(-9, 10));
}

internal enum Kind
{
    Add,
    Remove,

    /// <summary>Takes back what was seen, of the whole value or of a key.</summary>
    Reset,
}

/// <summary>What each type shows, from the set of operations and who had seen what, stated without any state.</summary>
internal static class Specifications
{
    public static string Counter(IReadOnlyList<Operation<Edit>> all)
        => Alive(all).Sum(o => o.What.Number).ToString(Culture);

    public static string Register(IReadOnlyList<Operation<Edit>> all) => string.Join(' ', Alive(all)
        .Where(o => !all.Any(later => later.After(o))).OrderBy(Place).Select(o => o.What.Number));

    public static string LastWriter(IReadOnlyList<Operation<Edit>> all)
        => Alive(all).OrderBy(Place).LastOrDefault()?.What.Number.ToString(Culture) ?? "-";

    public static string Flag(IReadOnlyList<Operation<Edit>> all)
        => Alive(all).Any(o => o.What.Kind == Kind.Add).ToString();

    public static string Grow(IReadOnlyList<Operation<Edit>> all)
        => string.Join(' ', all.Select(o => o.What.Number).Distinct().Order());

    /// <summary>There: added, and nobody who had seen it removed it.</summary>
    public static string AddWins(IReadOnlyList<Operation<Edit>> all) => Items(Alive(all).Where(add =>
        add.What.Kind == Kind.Add && !all.Any(r => r.What.Kind == Kind.Remove && r.What.Item == add.What.Item
            && r.After(add))));

    /// <summary>There: added by somebody who had seen every removal.</summary>
    public static string RemoveWins(IReadOnlyList<Operation<Edit>> all) => Items(Alive(all).Where(add =>
        add.What.Kind == Kind.Add && all.All(r => r.What.Kind != Kind.Remove || r.What.Item != add.What.Item
            || add.After(r))));

    /// <summary>Of the writes and removals of a key that are not taken back the last counts.</summary>
    public static string LastWriterMap(IReadOnlyList<Operation<Edit>> all) => string.Join(' ', Alive(all)
        .GroupBy(o => o.What.Item).OrderBy(g => g.Key, StringComparer.Ordinal)
        .Select(g => g.OrderBy(Place).Last()).Where(o => o.What.Kind == Kind.Add)
        .Select(o => $"{o.What.Item}={o.What.Number}"));

    /// <summary>A key is there when an update of it has been seen by no removal; its value is that of its own
    /// operations.</summary>
    public static Func<IReadOnlyList<Operation<Edit>>, string> MapOf(
        Func<IReadOnlyList<Operation<Edit>>, string> value) => all => string.Join("; ", all
            .GroupBy(o => o.What.Key).OrderBy(g => g.Key, StringComparer.Ordinal)
            .Where(g => Alive([.. g]).Any()).Select(g => $"{g.Key}: {value([.. g])}"));

    private static IFormatProvider Culture => System.Globalization.CultureInfo.InvariantCulture;

    // Operations that no reset has seen.
    private static IEnumerable<Operation<Edit>> Alive(IReadOnlyList<Operation<Edit>> all) => all.Where(o =>
        o.What.Kind != Kind.Reset && !all.Any(r => r.What.Kind == Kind.Reset && r.After(o)));

    private static EventPlace Place(Operation<Edit> o)
        => new(o.Context.Timestamp, o.Context.Origin, o.Context.Sequence);

    private static string Items(IEnumerable<Operation<Edit>> adds)
        => string.Join(' ', adds.Select(a => a.What.Item).Distinct().Order(StringComparer.Ordinal));
}
