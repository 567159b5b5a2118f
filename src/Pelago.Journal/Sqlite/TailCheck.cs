using Pelago.Model;

namespace Pelago.Journal;

/// <summary>Whether the rows that no index covers yet are all there. Used once, while the journal is opened.</summary>
/// <remarks>
/// The problem: an index names a row that was lost, and its entity is parked. Of these rows only the next row of the
/// same entity tells that one before it is missing; the newest of an entity could vanish without a trace, and its place
/// would be given away once more under the same name. The idea: a lane knows how many rows it has. Each row that is
/// missing, or does not open under its own columns, must be one that a later row of its entity shows, or stand where
/// its entity expects its next one and open under the name of no other. Else nobody can say whose it was, and the
/// journal is not used. As long as every row opens, nothing but that is looked at.
/// </remarks>
internal sealed class TailCheck : IDisposable
{
    /// <summary>The columns that <see cref="Look"/> expects, in this order.</summary>
    public const string Columns = "id, lane, position, entity, local_sequence, origin, sequence, origin_position, "
        + "timestamp, epoch, batch_index, batch_length, salt, nonce, sealed";

    private readonly Database database;
    private readonly Opener opener;
    private readonly long through;
    private readonly List<RowPlace>[] sound = new List<RowPlace>[EntityKey.Lanes];
    private readonly List<RowPlace>[] doubtful = new List<RowPlace>[EntityKey.Lanes];

    /// <param name="database">The journal's.</param>
    /// <param name="keys">Its keys.</param>
    /// <param name="through">Id up to which the indexes are complete.</param>
    public TailCheck(Database database, KeyRing keys, long through)
    {
        (this.database, this.through) = (database, through);
        opener = new Opener(keys);
        for (var lane = 0; lane < EntityKey.Lanes; lane++)
            (sound[lane], doubtful[lane]) = ([], []);
    }

    /// <summary>Notes the row that a statement stands on; it is at its place in its lane.</summary>
    public void Look(Statement row, in RowPlace place)
        => (Opens(row, place.Entity) ? sound : doubtful)[place.Lane].Add(place);

    /// <summary>Judges a lane once all of its rows were noted.</summary>
    /// <param name="expected">How many rows it has among those that no index covers.</param>
    /// <exception cref="PelagoException">One is lost, and nobody can say of which entity (PLG4006).</exception>
    public void Judge(int lane, ulong expected)
    {
        var here = sound[lane];
        if ((ulong)here.Count >= expected)
            return;
        var lost = expected - (ulong)here.Count;
        var last = new Dictionary<long, ulong>();
        foreach (var row in here)
        {
            var before = Last(last, row.Entity);
            if (row.LocalSequence > before + 1)
                lost -= Math.Min(lost, row.LocalSequence - before - 1);
            last[row.Entity] = Math.Max(before, row.LocalSequence);
        }
        foreach (var row in doubtful[lane])
        {
            if (lost == 0 || row.LocalSequence != Last(last, row.Entity) + 1 || IsOfAnother(row))
                continue;
            last[row.Entity] = row.LocalSequence;
            lost--;
        }
        if (lost > 0)
        {
            throw Damage.Failure($"lane {lane} lacks {lost} of its newest rows, or they were altered, and nothing "
                + "tells of which entities they were").ToException();
        }
    }

    public void Dispose() => opener.Dispose();

    /// <summary>The last local sequence that an entity is known to have before a row of these.</summary>
    private ulong Last(Dictionary<long, ulong> last, long entity)
    {
        if (last.TryGetValue(entity, out var known))
            return known;
        using (database.Once("SELECT through FROM checkpoint WHERE entity = ?1", out var checkpoint))
            known = checkpoint.Bind(1, entity).Step() ? (ulong)checkpoint.Long(0) : 0;
        // A run that was being indexed when the process ended has some rows of these in the index.
        using (database.Once("SELECT local_sequence FROM entity_row WHERE entity = ?1 AND id <= ?2 "
            + "ORDER BY local_sequence DESC LIMIT 1", out var indexed))
        {
            if (indexed.Bind(1, entity).Bind(2, through).Step())
                known = Math.Max(known, (ulong)indexed.Long(0));
        }
        return last[entity] = known;
    }

    /// <summary>True when a row opens under the name of another entity than its column has.</summary>
    private bool IsOfAnother(in RowPlace place)
    {
        using var once = database.Once($"SELECT {Columns} FROM event WHERE id = ?1", out var row);
        if (!row.Bind(1, place.Id).Step())
            return true;
        using var all = database.Once("SELECT number FROM entity WHERE lane = ?1", out var number);
        number.Bind(1, place.Lane);
        while (number.Step())
        {
            if (Opens(row, number.Long(0)))
                return true;
        }
        return false;
    }

    private bool Opens(Statement row, long entity)
    {
        Span<long> columns = stackalloc long[EventSealer.Columns];
        (columns[0], columns[1]) = (row.Long(1), entity);
        for (var i = 2; i < columns.Length; i++)
            columns[i] = row.Long(i + 2);
        return opener.TryOpen(SealDomain.Event, row.Long(12), row.Long(13), columns, row.Blob(14), out _);
    }
}
