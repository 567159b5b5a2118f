using Pelago.Model;

namespace Pelago.Replication;

/// <summary>What a kernel knows and wants of one type whose primary moves.</summary>
internal sealed class TypePrimary(string type, PrimaryRecord record, LeaseTerms terms)
{
    public string Type { get; } = type;

    public EntityKey Register { get; } = PrimaryRecord.RegisterOf(type);

    /// <summary>The newest record that is noted in the journal.</summary>
    public PrimaryRecord Record { get; private set; } = record;

    /// <summary>A newer one, which is being noted; null when there is none.</summary>
    public PrimaryRecord? Learned { get; set; }

    /// <summary>What was learned is to be noted again then: its group may have failed.</summary>
    public long NoteAgainAtMilliseconds { get; set; }

    /// <summary>Version of the register as last read.</summary>
    public ulong Version { get; set; }

    /// <summary>Under the record, while this region is the primary, or is about to be it.</summary>
    public RegionLease Lease { get; private set; } = new(terms);

    /// <summary>A majority has confirmed the record in this process.</summary>
    public bool IsConfirmed { get; set; }

    /// <summary>Since when this region's vote on the register stands, as far as it is known; null when it does not.
    /// </summary>
    public long? StandsSinceMilliseconds { get; set; }

    /// <summary>Since when the record holds here.</summary>
    public long SinceMilliseconds { get; private set; }

    /// <summary>This region is to become the primary.</summary>
    public bool IsWanted { get; set; }

    /// <summary>The register is to be read: somebody knows of something newer.</summary>
    public bool IsDoubted { get; set; }

    public long NextTryMilliseconds { get; set; }

    public long NextDispatchMilliseconds { get; set; }

    /// <summary>The question that is under way, or null.</summary>
    public RegisterRequest? Asked { get; set; }

    /// <summary>Since when there has been no way to the primary; null while there is one.</summary>
    public long? UnreachableSinceMilliseconds { get; set; }

    /// <summary>The primary before has told that it writes nothing more in its epoch.</summary>
    public bool HasFormerStopped { get; set; }

    /// <summary>The epoch does not start before: the primary before objects.</summary>
    public long NotBeforeMilliseconds { get; set; } = long.MinValue;

    /// <summary>Members that have told what they hold after the lease of the primary before was over.</summary>
    public HashSet<string> Told { get; } = new(StringComparer.Ordinal);

    /// <summary>What has to be here before the epoch can start, in each lane.</summary>
    public Dictionary<Origin, ulong>[] Targets { get; }
        = [.. Enumerable.Range(0, EntityKey.Lanes).Select(_ => new Dictionary<Origin, ulong>())];

    /// <summary>Requests that wait until it is known who carries them out.</summary>
    public List<EntityRequest> Waiting { get; } = [];

    /// <summary>Epoch through which the journal was searched for events that do not count.</summary>
    public uint Searched { get; set; }

    /// <summary>Something could not be read: it is searched again then.</summary>
    public long SearchAgainAtMilliseconds { get; set; } = long.MaxValue;

    /// <summary>Another record holds.</summary>
    public void Adopt(PrimaryRecord next, long now)
    {
        (Record, SinceMilliseconds, IsConfirmed, HasFormerStopped) = (next, now, false, false);
        (Lease, UnreachableSinceMilliseconds, IsDoubted) = (new RegionLease(terms), null, false);
        Told.Clear();
        foreach (var lane in Targets)
            lane.Clear();
    }

    /// <summary>The process began with the record: what it does not know of time passed is none.</summary>
    public void Begin(long now) => SinceMilliseconds = now;

    /// <summary>A member told what it holds of a lane.</summary>
    public void Aim(int lane, IReadOnlyDictionary<Origin, ulong> held)
    {
        foreach (var (origin, position) in held)
            Targets[lane][origin] = Math.Max(position, Targets[lane].GetValueOrDefault(origin));
    }
}
