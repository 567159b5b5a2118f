using Google.Protobuf;
using Pelago.Model;
using Pelago.Replication.Stored;

namespace Pelago.Replication;

/// <summary>What a journal notes of the group: the newest configuration that this region has taken, beside the
/// register's votes in the register's lane, and in each lane the removed regions whose events it has sealed.</summary>
/// <remarks>The note is not the register's value: a vote for a configuration does not say that it was decided, and a
/// region without a vote has none.</remarks>
internal static class MembershipNotes
{
    private const string GroupName = "configuration";
    private const string SealedPrefix = "sealed/";

    public static LaneNote Of(Configuration configuration, bool wasRemoved)
        => new(GroupName, new ConfigurationNote
        {
            Content = UnsafeByteOperations.UnsafeWrap(ConfigurationCodec.Write(configuration)),
            WasRemoved = wasRemoved,
        }.ToByteArray());

    /// <summary>The group as the journal knows it; as the options say where it knows nothing newer.</summary>
    public static (Configuration Configuration, bool WasRemoved) Recover(
        KernelOptions options, IEnumerable<LaneState> states)
    {
        var told = Configuration.Initial(options);
        var note = states.First(s => s.Lane == Configuration.Register.Lane).Notes
            .FirstOrDefault(n => n.Name == GroupName);
        if (note is null)
            return (told, false);
        var stored = ConfigurationNote.Parser.ParseFrom(note.Content.Span);
        var known = ConfigurationCodec.Read(stored.Content.Span);
        return (known is not null && known.Epoch > told.Epoch ? known : told, stored.WasRemoved);
    }

    public static LaneNote Of(SealedRegion region)
    {
        var stored = new SealedNoteOfRegion { Epoch = region.Epoch };
        stored.Lives.AddRange(region.Lives.Select(l => new SealedLife
        {
            Incarnation = UnsafeByteOperations.UnsafeWrap(l.Origin.Incarnation.ToBytes()), Position = l.Position,
        }));
        return new LaneNote(SealedPrefix + region.Region, stored.ToByteArray());
    }

    /// <summary>What is sealed in a lane.</summary>
    public static IEnumerable<SealedRegion> Sealed(IEnumerable<LaneNote> notes)
    {
        foreach (var note in notes.Where(n => n.Name.StartsWith(SealedPrefix, StringComparison.Ordinal)))
        {
            var (region, stored) = (note.Name[SealedPrefix.Length..],
                SealedNoteOfRegion.Parser.ParseFrom(note.Content.Span));
            yield return new SealedRegion(region, stored.Epoch, [.. stored.Lives.Select(l => new Frontier(
                new Origin(region, Incarnation.Read(l.Incarnation.Span)), l.Position, l.Position))]);
        }
    }
}

/// <summary>A removed region in one lane: all that the members hold of its lives is here, and ends there.</summary>
/// <param name="Epoch">The first epoch without the region.</param>
/// <param name="Lives">The last position of each life of which anything is here.</param>
internal sealed record SealedRegion(string Region, ulong Epoch, IReadOnlyList<Frontier> Lives);
