using Google.Protobuf;
using Pelago.Model;
using Pelago.Replication.Stored;

namespace Pelago.Journal;

/// <summary>A row of the table of origins as it lies in the store.</summary>
internal readonly record struct OriginRow(long Number, long Life, long Salt, long Nonce, byte[] Sealed);

/// <summary>Origins by number and numbers by origin. The writer adds; every thread reads what is committed.</summary>
internal sealed class OriginTable
{
    private readonly Dictionary<Origin, uint> numbers = [];
    private readonly List<Origin> pending = [];
    private Origin[] byNumber = [];

    /// <summary>Origin of the journal's newest incarnation, its number and its life; null and zeros in a new journal.
    /// </summary>
    public (Origin? Origin, uint Number, long Life) Newest { get; private set; }

    /// <summary>How many origins are committed: the highest number.</summary>
    public int Count => Volatile.Read(ref byNumber).Length;

    /// <summary>The origin of a committed row's number, or null when there is none.</summary>
    public Origin? this[long number]
    {
        get
        {
            var known = Volatile.Read(ref byNumber);
            return number >= 1 && number <= known.Length ? known[number - 1] : null;
        }
    }

    /// <summary>The number of a committed origin, or null when the journal has nothing of it. For readers.</summary>
    public long? Find(Origin origin)
    {
        var at = Array.IndexOf(Volatile.Read(ref byNumber), origin);
        return at < 0 ? null : at + 1;
    }

    /// <summary>Takes rows in that follow those it has, in order of number.</summary>
    /// <exception cref="PelagoException">A row does not open: without it no event can be told from another's (PLG4006).
    /// </exception>
    public void Read(IEnumerable<OriginRow> rows, Opener opener)
    {
        var found = new List<Origin>(byNumber);
        foreach (var row in rows)
        {
            if (row.Number != found.Count + 1 || !opener.TryOpen(
                SealDomain.Origin, row.Salt, row.Nonce, [row.Number, row.Life], row.Sealed, out var content))
                throw Damage.Failure($"row {found.Count + 1} of the table of origins is damaged").ToException();
            var stored = StoredOrigin.Parser.ParseFrom(content);
            var origin = new Origin(stored.Region, Incarnation.Read(stored.Incarnation.Span));
            found.Add(origin);
            numbers[origin] = (uint)row.Number;
            if (row.Life > Newest.Life)
                Newest = (origin, (uint)row.Number, row.Life);
        }
        Volatile.Write(ref byNumber, [.. found]);
    }

    /// <summary>The number of an origin; the row of a new one is handed over, to be inserted in the open transaction.
    /// </summary>
    public uint NumberOf(Origin origin, Action<OriginRow> insert, Sealer sealer)
        => numbers.TryGetValue(origin, out var number) ? number : Add(origin, 0, insert, sealer);

    /// <summary>Adds an incarnation of this journal in the open transaction.</summary>
    /// <exception cref="ArgumentException">The origin is known already.</exception>
    public uint AddOwn(Origin origin, Action<OriginRow> insert, Sealer sealer)
    {
        if (numbers.ContainsKey(origin))
            throw new ArgumentException($"Origin {origin} is in the journal already.", nameof(origin));
        return Add(origin, Newest.Life + 1, insert, sealer);
    }

    /// <summary>After the commit: what was added becomes visible to readers.</summary>
    public void Commit()
    {
        if (pending.Count == 0)
            return;
        Volatile.Write(ref byNumber, [.. byNumber, .. pending]);
        pending.Clear();
    }

    /// <summary>After the commit of <see cref="AddOwn"/>.</summary>
    public void CommitOwn(Origin origin, uint number)
    {
        Commit();
        Newest = (origin, number, Newest.Life + 1);
    }

    /// <summary>After a rollback: what was added never was.</summary>
    public void Rollback()
    {
        foreach (var origin in pending)
            numbers.Remove(origin);
        pending.Clear();
    }

    private uint Add(Origin origin, long life, Action<OriginRow> insert, Sealer sealer)
    {
        var number = (uint)(byNumber.Length + pending.Count + 1);
        var stored = new StoredOrigin
        {
            Region = origin.Region, Incarnation = UnsafeByteOperations.UnsafeWrap(origin.Incarnation.ToBytes()),
        };
        var box = sealer.Seal(SealDomain.Origin, [number, life], stored.ToByteArray(), out var nonce);
        insert(new OriginRow(number, life, sealer.Salt, nonce, box.ToArray()));
        numbers[origin] = number;
        pending.Add(origin);
        return number;
    }
}
