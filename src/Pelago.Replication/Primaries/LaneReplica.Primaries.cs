using Pelago.Model;

namespace Pelago.Replication;

/// <remarks>What a lane does for types whose primary moves: answers that need the lease, answers that a move overtakes,
/// and the search for events that do not count.</remarks>
internal sealed partial class LaneReplica
{
    private readonly Dictionary<long, OrphanSearch> orphanPages = [];
    private readonly List<OrphanSearch> orphansFound = [];

    /// <summary>Something that this region wrote of the type, before the epoch, is not durable yet.</summary>
    public bool HasUnderWay(string type, uint epoch)
    {
        bool IsOf(EventRow row) => row.Own && row.Event.Epoch < epoch && row.Event.Entity.Type == type;
        return filling.Rows.Exists(IsOf) || underWay?.Rows.Exists(IsOf) == true;
    }

    /// <summary>Another record of the type's primary holds.</summary>
    public void FollowPrimary(string type)
    {
        foreach (var entity in entities.Values.Where(e => e.Key.Type == type && e.IsReadable).ToArray())
            Reconsider(entity);
        // What has been waited for is in a majority, perhaps; whether it counts, this region cannot say any more.
        RemoveAwaited(write =>
        {
            if (write.Request.Entity.Type != type || context.Primaries.Writes(type))
                return false;
            Emit(write.Request, write.Result with
            {
                Value = null, Failure = write.Request is ReadRequest ? context.Primaries.WithoutLease(type)
                    : context.Primaries.Moved(type),
            });
            return true;
        });
    }

    /// <summary>The lease was renewed: what a majority has is answered.</summary>
    public void ConfirmLeased()
    {
        if (awaited.Count > 0)
            Confirm();
    }

    private void Reconsider(EntityReplica entity)
    {
        if (entity.Damage is not null)
            return; // it has nothing to fold
        entity.Fold.Reconsider();
        _ = entity.Fold.State;
        Note(entity);
        RunWaiting(entity);
    }

    private void EnterOrphan(EventRecord e) => filling.Conflicts.Add(new ConflictRecord(e.Entity,
        ConflictKind.Orphaned, e.Origin, e.Sequence, context.Now.WallMilliseconds,
        context.Primaries.WhyOrphaned(e)));

    private bool NeedsLease(IEntityType type, int regions) => type.Mode.Moves
        && regions >= Acknowledgement.Majority.In(context.Configuration.Settled.Count)
        && context.Members.Count > 1;

    // Not now is not never: the next renewal looks again.
    private bool GiveUnderLease(AwaitedWrite write)
    {
        if (!context.Primaries.HasLease(write.Request.Entity.Type))
            return false;
        context.EmitLeased(write.Request, write.Result, NotYet(write));
        return true;
    }

    // Of a type whose primary moves. True when the answer was given.
    private bool GiveOfMoving(in Completion done, in RequestResult result)
    {
        var type = done.Entity.Key.Type;
        if (done.Request is ReadRequest { AtPrimary: true } && result.Failure is null)
        {
            GiveRead(done, result);
            return true;
        }
        if (done.Written is not { } written || written.Epoch == context.Primaries.EpochOf(type)
            || (!context.Primaries.IsOrphaned(written) && !context.Primaries.IsUndecided(written)))
            return false;
        Emit(done.Request, result with { Value = null, Failure = context.Primaries.Moved(type) });
        return true;
    }

    // What it shows must not be taken back by a move: all that it has seen is in a majority, or the read waits for
    // that. What is final is in all regions.
    private void GiveRead(in Completion done, in RequestResult result)
    {
        var type = done.Entity.Key.Type;
        var needed = Acknowledgement.Majority.In(context.Configuration.Settled.Count);
        (Origin Origin, ulong Position)[] seen = [.. done.Entity.Fold.Tail
            .Where(t => !t.Orphaned && t.Event.OriginPosition > 0)
            .GroupBy(t => t.Event.Origin, t => t.Event.OriginPosition).Select(o => (o.Key, o.Max()))];
        if (Array.TrueForAll(seen, s => IsHeldBy(type, null, needed, s.Origin, s.Position)))
        {
            context.EmitLeased(done.Request, result, context.Primaries.WithoutLease(done.Entity.Key.Type));
            return;
        }
        awaited.Add(new AwaitedWrite(
            done.Request, result, Acknowledgement.Majority, seen[0].Origin, seen[0].Position)
        {
            NeedsLease = true, Seen = seen,
        });
    }

    /// <summary>Looks in the journal for events that do not count, in entities that are not in memory: each is entered
    /// in the ledger. Of what an end leaves out that was looked for before, and of lives that have nothing beyond what
    /// counts, no page is read: what arrives later is entered with its row.</summary>
    /// <param name="searched">The epoch through which all was looked for.</param>
    /// <param name="done">Called once the entries are durable; with false when something could not be read.</param>
    public void SearchOrphans(string type, PrimaryRecord record, uint searched, Action<bool> done)
    {
        LaneFilter[] filters = [.. OwnLives().Concat(Origins).Distinct()
            .Select(o => (Origin: o, Counts: record.CountsThrough(o, Lane, searched)))
            .Where(o => o.Counts < HighestHere(o.Origin)).Select(o => new LaneFilter(o.Origin, o.Counts))];
        SearchOn(new OrphanSearch(type, filters, done));
    }

    private void SearchOn(OrphanSearch search)
    {
        if (Fenced)
            return;
        if (search.Next >= search.Filters.Length)
        {
            search.IsRead = true;
            EndSearch(search);
            return;
        }
        var request = links.NextRequest();
        orphanPages.Add(request, search);
        context.Emit(new ReadPage(request, Lane, search.Looked, search.Filters[search.Next],
            context.Options.PageRows, context.Options.PageBytes));
    }

    /// <summary>A page was read; false when it is not one of these.</summary>
    public bool OrphansRead(long request, LanePage page)
    {
        if (!orphanPages.Remove(request, out var search))
            return false;
        search.LacksSome |= page.Damaged.Count > 0;
        foreach (var key in page.Rows.Select(r => r.Row.Event)
            .Where(e => e.Entity.Type == search.Type && context.Primaries.IsOrphaned(e))
            .Select(e => e.Entity).Distinct())
        {
            search.Open++;
            WithEntity(key, entity => Found(search, entity));
        }
        (search.Next, search.Looked) = page.Through >= Head ? (search.Next + 1, 0) : (search.Next, page.Through);
        SearchOn(search);
        return true;
    }

    private void Found(OrphanSearch search, EntityReplica entity)
    {
        search.Open--;
        search.LacksSome |= entity.Damage is not null;
        Reconsider(entity);
        EndSearch(search);
    }

    /// <summary>A page could not be read now.</summary>
    public bool OrphansFailed(long request)
    {
        if (!orphanPages.Remove(request, out var search))
            return false;
        search.IsRead = search.LacksSome = true;
        EndSearch(search);
        return true;
    }

    // With its entries, or with the group after theirs.
    private void EndSearch(OrphanSearch search)
    {
        if (!search.IsRead || search.Open > 0 || orphansFound.Contains(search))
            return;
        orphansFound.Add(search);
        KeepSearch(search);
    }

    private void KeepSearch(OrphanSearch search) => filling.Noted.Add(() =>
    {
        if (orphansFound.Remove(search))
            search.Done(!search.LacksSome);
    });

    // A group failed; its entries are in the next one.
    private void EndSearchesAgain() => orphansFound.ForEach(KeepSearch);

    private sealed class OrphanSearch(string type, LaneFilter[] filters, Action<bool> done)
    {
        public string Type { get; } = type;
        public LaneFilter[] Filters { get; } = filters;
        public Action<bool> Done { get; } = done;
        public int Next { get; set; }
        public ulong Looked { get; set; }

        /// <summary>Entities that are being looked at.</summary>
        public int Open { get; set; }

        /// <summary>No page is missing any more.</summary>
        public bool IsRead { get; set; }

        /// <summary>Rows, or entities, could not be read.</summary>
        public bool LacksSome { get; set; }
    }
}
