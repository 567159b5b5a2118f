using Pelago.Client;

namespace Pelago.Region;

/// <summary>What an instance says of itself, made fit to be kept and shown: its program is somebody else's, and what it
/// says ends in terminals and in this region's state.</summary>
internal static class InstanceWords
{
    private const int MaxCharacters = 2_000;
    private const int MaxParked = 5;

    public static TroubleView Of(TroubleView said) => new(Kept(said.Code), Kept(said.Message), Kept(said.Next));

    public static IEnumerable<ParkedEntity> Of(IEnumerable<ParkedEntity> said) => said.Take(MaxParked).Select(p
        => new ParkedEntity(Kept(p.Type), Kept(p.Id), Kept(p.Code), Kept(p.Reason), Kept(p.Next)));

    private static string Kept(string text)
        => string.Concat(text.Take(MaxCharacters).Select(c => char.IsControl(c) ? ' ' : c));
}
