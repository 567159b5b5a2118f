using Pelago.Client;

namespace Pelago.Region;

/// <summary>What an instance says of itself, made fit to be kept and shown: its program is somebody else's, and what it
/// says ends in terminals and in this region's state.</summary>
internal static class InstanceWords
{
    private const int MaxCharacters = 2_000;
    private const int MaxParked = 5;
    private const int MaxAlarms = 32;
    private const int MaxAlarmTexts = 5;

    public static TroubleView Of(TroubleView said) => new(Kept(said.Code), Kept(said.Message), Kept(said.Next));

    public static IEnumerable<ParkedEntity> Of(IEnumerable<ParkedEntity> said) => said.Take(MaxParked).Select(p
        => new ParkedEntity(Kept(p.Type), Kept(p.Id), Kept(p.Code), Kept(p.Reason), Kept(p.Next)));

    /// <summary>Alarms of all instances of a service: one entry a kind, the newest first.</summary>
    public static IReadOnlyList<AlarmView> Of(IEnumerable<AlarmView> said)
        => [.. said.OfType<AlarmView>().GroupBy(a => Kept(a.Kind), StringComparer.Ordinal).Take(MaxAlarms)
            .Select(kind => Of(kind.Key, [.. kind.OrderByDescending(a => a.LastAt)]))];

    private static AlarmView Of(string kind, List<AlarmView> newestFirst) => new(
        kind, newestFirst.Sum(a => Math.Clamp(a.Count, 0, int.MaxValue)), newestFirst[0].LastAt,
        [.. newestFirst.SelectMany(a => a.Texts).OfType<string>().Select(Kept).Distinct().Take(MaxAlarmTexts)],
        Kept(newestFirst[0].Next));

    private static string Kept(string text)
        => string.Concat(text.Take(MaxCharacters).Select(c => char.IsControl(c) ? ' ' : c));
}
