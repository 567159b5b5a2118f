using System.Buffers.Binary;

namespace Pelago.Journal;

/// <summary>Writes the index of entity hashes behind the appends, as <see cref="IndexRuns"/> does for rows: a hash is
/// random by design, so a new entity would dirty a page of its own. Used by the writer's thread only.</summary>
internal sealed class EntityRuns
{
    private readonly Statement insert, finish;
    private readonly RecentEntities recent;
    private readonly int runEntities;
    private UInt128[] hashes = [];
    private long[] numbers = [];
    private int done, reached;

    public EntityRuns(Database database, RecentEntities recent, int runEntities)
    {
        (this.recent, this.runEntities) = (recent, Math.Max(16, runEntities));
        insert = database.Prepare("INSERT OR IGNORE INTO entity_hash VALUES (?1, ?2)");
        finish = database.Prepare($"INSERT OR REPLACE INTO run VALUES ({Schema.EntityRun}, ?1, ?2)");
    }

    /// <summary>Writes a slice in the open transaction.</summary>
    /// <param name="added">Entities that the transaction adds.</param>
    public void WriteSlice(int added)
    {
        reached = done;
        if (numbers.Length == 0 && !Begin())
            return;
        Span<byte> hash = stackalloc byte[16];
        for (var budget = Math.Max(256, added * 2); budget > 0 && reached < numbers.Length; budget--, reached++)
        {
            BinaryPrimitives.WriteUInt128BigEndian(hash, hashes[reached]);
            insert.Bind(1, hash).Bind(2, numbers[reached]).Run();
        }
        if (reached == numbers.Length)
            finish.Bind(1, numbers.Max()).Bind(2, [0]).Run();
    }

    /// <summary>After the commit.</summary>
    public void Commit()
    {
        done = reached;
        if (numbers.Length == 0 || done < numbers.Length)
            return;
        recent.Retire();
        (hashes, numbers, done, reached) = ([], [], 0, 0);
    }

    /// <summary>After a rollback: the slice is written again next time.</summary>
    public void Rollback() => reached = done;

    private bool Begin()
    {
        if (recent.Freeze(runEntities) is not { } run)
            return false;
        (hashes, numbers) = ([.. run.Keys], [.. run.Values]);
        Array.Sort(hashes, numbers);
        return true;
    }
}
