namespace Pelago.Replication;

// Records: how this region comes to know them, and what follows.
internal sealed partial class Primaries
{
    private const int NotePauseMilliseconds = 1_000;
    private const int MaxTypes = 4_096;
    private readonly List<(TypePrimary Type, PrimaryRecord Record)> noted = [];

    /// <summary>A peer knows this record.</summary>
    public void Told(PrimaryFrame frame)
    {
        if (!types.TryGetValue(frame.Type, out var type))
        {
            if (types.Count >= MaxTypes)
            {
                context.Alarm(AlarmKind.Protocol, $"More than {MaxTypes} types have a primary that moves: that of "
                    + $"'{frame.Type}' is not noted.");
                return;
            }
            // Of a type that this build does not have, too: its events are kept and passed on.
            type = Of(frame.Type) ?? new TypePrimary(
                frame.Type, new PrimaryRecord(0, frame.Record.Former) { IsStarted = true }, Terms);
            types[frame.Type] = type;
        }
        Learn(type, frame.Record);
    }

    /// <summary>All that is known, for a link that was just opened.</summary>
    public IEnumerable<PrimaryFrame> Known()
        => types.Values.Where(t => t.Record.Epoch > 0).Select(t => new PrimaryFrame(t.Type, t.Record));

    /// <summary>The group is done: what it noted holds.</summary>
    public void TakeNoted()
    {
        if (noted.Count == 0)
            return;
        (TypePrimary Type, PrimaryRecord Record)[] durable = [.. noted];
        noted.Clear();
        foreach (var (type, record) in durable)
            Adopt(type, record);
    }

    private void Learn(TypePrimary type, PrimaryRecord record)
    {
        if (!record.IsNewerThan(type.Learned ?? type.Record))
            return;
        type.Learned = record;
        Publish();
        Note(type);
    }

    private void Note(TypePrimary type)
    {
        var record = type.Learned!;
        type.NoteAgainAtMilliseconds = Now + NotePauseMilliseconds;
        kernel.Lane(type.Register.Lane).Keep(PrimaryCodec.Note(type.Type, record, type.Searched),
            () => noted.Add((type, record)));
    }

    // 1 what does not count  2 links, on which the others hear of it before they hear of anything later  3 whoever
    // waits
    private void Adopt(TypePrimary type, PrimaryRecord next)
    {
        if (type.Learned is { } learned && !learned.IsNewerThan(next))
            type.Learned = null;
        if (!next.IsNewerThan(type.Record))
        {
            Publish();
            return;
        }
        var was = type.Record;
        type.Adopt(next, Now);
        Publish();
        context.Hit(Probe.PrimaryTaken);
        AlarmAboutRoom(type.Type, next);
        if (was.Region == Own && was.IsStarted && next.Region != Own)
            context.Hit(Probe.PrimaryDemoted);
        if (next.Region != Own || next.IsStarted)
            type.IsWanted = false;
        foreach (var lane in kernel.Lanes)
            lane.FollowPrimary(type.Type);
        if (next.IsStarted && next.Ends.Count > 0)
            Search(type);
        else
            type.Searched = next.IsStarted ? next.Epoch : type.Searched;
        kernel.Links.Tell(new PrimaryFrame(type.Type, next));
        kernel.Links.Forwards.Moved(type.Type);
        Dispatch(type);
    }

    // Each move without the primary before writes down where its epoch ended, and nothing is taken out.
    private void AlarmAboutRoom(string type, PrimaryRecord record)
    {
        var left = PrimaryCodec.RoomLeft(record);
        if (left >= 2 * PrimaryCodec.MaxEndBytes)
            return;
        context.Alarm(AlarmKind.PrimaryRecordFull, left >= PrimaryCodec.MaxEndBytes
            ? $"The record of the primary of '{type}' has room for one more move without the region that is it."
            : $"The record of the primary of '{type}' is full: when {record.Region} cannot be asked, no region takes "
                + "its place (PLG5034).");
    }

    private void Search(TypePrimary type)
    {
        var (epoch, open, isWhole) = (type.Record.Epoch, kernel.Lanes.Count, true);
        type.SearchAgainAtMilliseconds = long.MaxValue;
        foreach (var lane in kernel.Lanes)
        {
            lane.SearchOrphans(type.Type, type.Record, type.Searched, isLaneWhole =>
            {
                isWhole &= isLaneWhole;
                if (--open > 0 || type.Record.Epoch != epoch)
                    return;
                if (isWhole)
                    Searched(type, epoch);
                else
                    type.SearchAgainAtMilliseconds = Now + context.Options.UnreadableAfterMilliseconds;
            });
        }
    }

    private void Searched(TypePrimary type, uint epoch)
    {
        type.Searched = epoch;
        kernel.Lane(type.Register.Lane).Keep(
            PrimaryCodec.Note(type.Type, type.Learned ?? type.Record, epoch), () => { });
    }

    /// <summary>The process began: what an earlier one had not searched is searched now.</summary>
    private void SearchAgain()
    {
        foreach (var type in types.Values.Where(t => t.Record is { IsStarted: true, Ends.Count: > 0 }
            && t.Searched < t.Record.Epoch))
            Search(type);
    }
}
