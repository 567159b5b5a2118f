using Pelago.Model;

namespace Pelago.Replication;

/// <remarks>Levels of acknowledgement above the local one. The events of a command are durable here before it comes to
/// this file; what it waits for is that other regions say the same. A region's newest report is all that counts: one of
/// a former process is forgotten when the next one answers, because that may have been set back to before it. Nothing
/// is counted ahead, so a region that has confirmed and then lost its journal is not among those that an answer rests
/// on as soon as this region has dialled its next process. Whoever waits marks the frames that carry its events, and is
/// told without the pause between two reports. Of personal members in the events the keys have to be in as many
/// regions, too, or in all that may have them (<see cref="KeyHolders"/>).</remarks>
internal sealed partial class LaneReplica
{
    private readonly List<AwaitedWrite> awaited = [];
    private bool isAwaitedElsewhere;

    /// <summary>Somebody else waits for what has arrived here to be durable: its report is due at once.</summary>
    public bool IsReportAwaited { get; private set; }

    /// <summary>True when a command that is durable here is answered later, because more regions are to have it, or was
    /// answered here. That it was done before is no other answer than the one of that time: it waits, too.</summary>
    private bool Await(in Completion done, CommandRequest request, in RequestResult result)
    {
        var level = request.Acknowledgement ?? done.Entity.Type.Acknowledgement;
        if (level == Acknowledgement.Local || BatchOf(done, request.IdempotencyKey) is not { } batch)
            return false;
        var regions = RegionsOf(done, request.IdempotencyKey, batch);
        var needed = level.In(HoldersOf(done.Entity.Key.Type, regions));
        if (needed == 1)
            return false;
        if (RefuseRepeated(regions, needed) is { } impossible)
        {
            Emit(request, result with { Value = null, Failure = impossible });
            return true;
        }
        var (position, keys) = (PositionOf(done, batch), KeysOf(done.Entity, batch));
        if (keys is null && !NeedsLease(done.Entity.Type, needed)
            && IsHeldBy(request.Entity.Type, regions, needed, batch.Origin, position))
            return false;
        context.Hit(Probe.AcknowledgementAwaited);
        awaited.Add(new AwaitedWrite(request, result, level, batch.Origin, position)
        {
            NeedsLease = NeedsLease(done.Entity.Type, needed), Keys = keys, Regions = regions,
        });
        if (keys is { IsNamed: true })
            context.Subjects.Holders.Look(keys);
        else if (keys is not null)
            LookForMembers(done.Entity, batch, keys);
        return true;
    }

    // What it wrote; of a repeated command, the batch that counts for its key; of one that forgets what is forgotten,
    // the one that has done so, unless it is final, and so in every region; null when it made no event.
    private static BatchId? BatchOf(in Completion done, string key)
    {
        if (done.Written is { } written)
            return BatchId.Of(written);
        return (key.Length == 0 ? null : done.Entity.Fold.OwnerOf(key)) ?? done.Entity.Forgetting;
    }

    // Of the last event of the batch. One that is in the base has no position any more: then all that is here of its
    // origin stands for it.
    private ulong PositionOf(in Completion done, BatchId batch) => done.Written?.OriginPosition
        ?? done.Entity.Fold.Tail.LastOrDefault(t => BatchId.Of(t.Event) == batch)?.Event.OriginPosition
        ?? HighestHere(batch.Origin);

    // What is here counts once this region has joined: a level is of those who have.
    private bool IsHeldBy(string type, EntityFilter? regions, int needed, Origin origin, ulong position)
        => (context.Configuration.Find(context.Options.Region) is { IsJoining: true } ? 0 : 1)
            + links.WhoHolds(type, Lane, origin, position).Count(r => regions?.Admits(r) != false) >= needed;

    /// <summary>Looks again after a report: answers what enough regions have.</summary>
    public void Confirm()
    {
        if (awaited.Count > 0)
            RemoveAwaited(GiveConfirmed);
    }

    private bool GiveConfirmed(AwaitedWrite write)
    {
        var (type, needed) = (write.Request.Entity.Type, RegionsFor(write));
        if (!IsHeldBy(type, write.Regions, needed, write.Origin, write.Position)
            || !write.Seen.All(s => IsHeldBy(type, write.Regions, needed, s.Origin, s.Position))
            || !HasKeysHeld(write, needed))
            return false;
        if (write.NeedsLease)
            return GiveUnderLease(write);
        Emit(write.Request, write.Result);
        return true;
    }

    private void RemoveAwaited(Predicate<AwaitedWrite> isAnswered) => awaited.RemoveAll(write =>
    {
        if (!isAnswered(write))
            return false;
        if (write.Keys is { } keys)
            context.Subjects.Holders.Release(keys);
        return true;
    });

    // Of those that are members now: regions may have come and gone since. A primary is replaced by a majority of them.
    private int RegionsFor(AwaitedWrite write)
    {
        var regions = write.Level.In(HoldersOf(write.Request.Entity.Type, write.Regions));
        return !write.NeedsLease ? regions
            : Math.Max(regions, Acknowledgement.Majority.In(context.Configuration.Settled.Count));
    }

    /// <summary>Tells those whose deadline has passed that their write stands, and who has it.</summary>
    public void ExpireAwaited()
    {
        if (awaited.Count > 0)
            RemoveAwaited(GiveExpired);
    }

    private bool GiveExpired(AwaitedWrite write)
    {
        if (write.Request.DeadlineMilliseconds > context.Now.MonotonicMilliseconds)
            return false;
        context.Hit(Probe.AcknowledgementExpired);
        // With its points: the client's token names the write, which is there for good.
        Emit(write.Request, write.Result with { Value = null, Failure = NotYet(write) });
        return true;
    }

    private Failure NotYet(AwaitedWrite write)
    {
        if (write.Request is ReadRequest)
            return context.Primaries.WithoutLease(write.Request.Entity.Type);
        string[] confirmed = [context.Options.Region, .. links.WhoHolds(write.Request.Entity.Type, Lane,
            write.Origin, write.Position).Where(r => write.Regions?.Admits(r) != false)];
        var (needed, settled) = (RegionsFor(write), context.Configuration.Settled);
        var stands = $"The write is durable in {string.Join(" and ", confirmed)} and will reach the other regions by "
            + "itself; ";
        if (confirmed.Length >= needed && KeysNotHeld(write, needed, stands) is { } lacking)
            return lacking;
        if (write.NeedsLease && confirmed.Length >= needed)
        {
            return new Failure(ErrorCodes.NotAcknowledged, $"{stands}that no move of the primary leaves it out, which "
                + $"level '{write.Level}' promises as well, had not been confirmed in time: no majority has told "
                + $"region '{context.Options.Region}' of late that it is still the primary.",
                "Repeat it with the same idempotency key: it is not done twice, and is answered once a majority "
                + "confirms the primary, or by the region that has replaced it. See 'pelago status'.");
        }
        return new Failure(ErrorCodes.NotAcknowledged,
            $"{stands}that it is in {needed} of {settled.Count} regions, as level '{write.Level}' asks for, had not "
            + "been confirmed in time.",
            "Repeat it with the same idempotency key: it is not done twice, and is answered as soon as enough regions "
            + $"have it. Not yet heard of: {string.Join(", ", settled.Except(confirmed))}.");
    }

    /// <summary>A command waits for one of these events of an origin to be durable elsewhere.</summary>
    public bool IsAwaited(Origin origin, ulong first, ulong last) => awaited.Count > 0 && awaited.Exists(
        w => w.Position >= first && w.Position <= last && w.Origin.Equals(origin));

    // A frame whose events somebody waits for has arrived.
    private void NoteAwaited(OriginCursor cursor, EventsFrame frame)
    {
        if (!frame.Awaited || frame.Events is not [.., var last] || last.OriginPosition <= cursor.Frontier)
            return;
        cursor.AwaitedThrough = Math.Max(cursor.AwaitedThrough, last.OriginPosition);
        isAwaitedElsewhere = true;
    }

    /// <summary>The regions that wait for what has become durable here since they were last asked for.</summary>
    public IReadOnlyList<string> TakeAwaiting()
    {
        (IsReportAwaited, isAwaitedElsewhere) = (false, false);
        var regions = new List<string>();
        foreach (var cursor in cursors.Values.Where(c => c.AwaitedThrough > 0))
        {
            regions.Add(cursor.Origin.Region);
            if (cursor.Frontier >= cursor.AwaitedThrough)
                cursor.AwaitedThrough = 0;
            else
                isAwaitedElsewhere = true;
        }
        return regions;
    }

    private sealed record AwaitedWrite(
        EntityRequest Request, RequestResult Result, Acknowledgement Level, Origin Origin, ulong Position)
    {
        /// <summary>Of a read: what else it has seen that has to be in so many regions.</summary>
        public IReadOnlyList<(Origin Origin, ulong Position)> Seen { get; init; } = [];

        /// <summary>Keys that have to be in as many regions; null when nothing in it is sealed.</summary>
        public KeyWait? Keys { get; init; }

        /// <summary>Regions that it is for; null for every one. Others see it, and do not hold it.</summary>
        public EntityFilter? Regions { get; init; }

        /// <summary>What a majority has counts while no other region can have become the primary.</summary>
        public bool NeedsLease { get; init; }
    }
}
