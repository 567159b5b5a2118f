using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>Reads what a lane had consumed. Used by the writer's thread, in its transaction.</summary>
internal sealed class LaneRecovery
{
    private readonly Opener opener;
    private readonly OriginTable origins;
    private readonly EntityRegistry entities;
    private readonly Statement frontiers, marks, owed, forks, notes, forgetFrontiers, forgetOwed;

    public LaneRecovery(Database database, Opener opener, OriginTable origins, EntityRegistry entities)
    {
        (this.opener, this.origins, this.entities) = (opener, origins, entities);
        frontiers = database.Prepare(
            "SELECT origin, position, highest, salt, nonce, sealed FROM frontier WHERE lane = ?1");
        marks = database.Prepare($"SELECT {EffectMarkRow.Columns} FROM effect_mark WHERE lane = ?1");
        owed = database.Prepare(
            "SELECT entity, origin, from_sequence, position, salt, nonce, sealed FROM owed WHERE lane = ?1");
        forks = database.Prepare($"SELECT {ConflictRow.Columns} FROM conflict WHERE kind = 3 ORDER BY number");
        notes = database.Prepare("SELECT hash, salt, nonce, sealed FROM note WHERE lane = ?1");
        forgetFrontiers = database.Prepare("DELETE FROM frontier WHERE lane = ?1");
        forgetOwed = database.Prepare("DELETE FROM owed WHERE lane = ?1");
    }

    /// <summary>A lane's frontiers and gaps; what had to be forgotten is deleted.</summary>
    public LaneProgress Read(int lane)
    {
        var progress = LaneProgress.Of(lane,
            Rows(frontiers.Bind(1, lane), s => new FrontierRow(s.Long(0), s.Long(1), s.Long(2), s.Long(3), s.Long(4),
                s.Blob(5).ToArray())),
            Rows(owed.Bind(1, lane), s => new OwedRow(s.Long(0), s.Long(1), s.Long(2), s.Long(3), s.Long(4), s.Long(5),
                s.Blob(6).ToArray())),
            opener, origins, KeyOf);
        if (progress.MustForget)
        {
            forgetFrontiers.Bind(1, lane).Run();
            forgetOwed.Bind(1, lane).Run();
        }
        return progress;
    }

    /// <summary>The ledger's forks of a lane's entities.</summary>
    public IReadOnlyList<ConflictRecord> ReadForks(int lane)
        => LaneProgress.Forks(lane, Rows(forks, Conflict), opener, origins, KeyOf);

    /// <summary>How far a lane's effects are done.</summary>
    public (IReadOnlyList<EffectMark> Marks, bool AreDamaged) ReadMarks(int lane) => EffectMarkRow.Open(lane,
        Rows(marks.Bind(1, lane), s => new EffectMarkRow(s.Long(0), s.Long(1), s.Long(2), s.Long(3),
            s.Blob(4).ToArray())), opener, origins);

    /// <summary>A lane's notes.</summary>
    public IReadOnlyList<LaneNote> ReadNotes(int lane, out bool damaged) => NoteRow.Open(lane,
        Rows(notes.Bind(1, lane), s => new NoteRow(s.Blob(0).ToArray(), s.Long(1), s.Long(2), s.Blob(3).ToArray())),
        opener, out damaged);

    /// <summary>The row of the ledger at which a statement stands.</summary>
    public static ConflictRow Conflict(Statement s) => new(s.Long(0), s.Long(1), s.Long(2), s.Long(3), s.Long(4),
        s.Long(5), s.Long(6), s.Blob(7).ToArray(), s.Long(8));

    private EntityKey? KeyOf(long number) => entities.TryKey(number, out var key) ? key : null;

    private static List<T> Rows<T>(Statement select, Func<Statement, T> row)
    {
        var found = new List<T>();
        try
        {
            while (select.Step())
                found.Add(row(select));
            return found;
        }
        finally
        {
            select.Reset();
        }
    }
}
