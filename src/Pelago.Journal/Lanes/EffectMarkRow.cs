using Pelago.Replication;

namespace Pelago.Journal;

/// <summary>An effect mark as it lies in the store.</summary>
internal readonly record struct EffectMarkRow(long Origin, long Position, long Salt, long Nonce, byte[] Sealed)
{
    /// <summary>The columns in the order of the parameters.</summary>
    public const string Columns = "origin, position, salt, nonce, sealed";

    /// <summary>A lane's marks. One that cannot be opened cannot be done without: effects would happen again, or never.
    /// </summary>
    public static (IReadOnlyList<EffectMark> Marks, bool AreDamaged) Open(
        int lane, IReadOnlyList<EffectMarkRow> rows, Opener opener, OriginTable origins)
    {
        var marks = new List<EffectMark>();
        foreach (var row in rows)
        {
            if (opener.TryOpen(SealDomain.EffectMark, row.Salt, row.Nonce, [lane, row.Origin, row.Position], row.Sealed,
                out _) && origins[row.Origin] is { } origin)
                marks.Add(new EffectMark(origin, (ulong)row.Position));
        }
        return (marks, marks.Count != rows.Count);
    }
}
