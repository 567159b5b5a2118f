namespace Pelago.Journal;

/// <summary>The keys of an embedded journal: read and changed on the writer's thread, each time in a transaction of its
/// own.</summary>
internal sealed class KeyTable(WriterThread thread, WriterParts parts) : IKeyTable
{
    /// <inheritdoc />
    public async Task<IReadOnlyList<WrappedKeyRow>> ReadAsync(CancellationToken cancellationToken)
        => await thread.RunAsync(() => Guarded(() => StoredKeys.Read(parts.Database)), cancellationToken);

    /// <inheritdoc />
    public Task<bool> AddAsync(WrappedKeyRow row, byte[] key, CancellationToken cancellationToken)
        => thread.RunAsync(() => Guarded(() => Add(row, key)), cancellationToken);

    /// <inheritdoc />
    public Task<bool> ReplaceAsync(
        IReadOnlyList<(WrappedKeyRow From, WrappedKeyRow To)> keys, CancellationToken cancellationToken)
        => thread.RunAsync(() => Guarded(() => Replace(keys)), cancellationToken);

    private bool Add(WrappedKeyRow row, byte[] key)
    {
        var salt = KeyOpening.NewSalt(parts.Keys, row.Number);
        parts.Database.Execute("BEGIN IMMEDIATE");
        StoredKeys.Insert(parts.Database, [row]);
        StoredKeys.Insert(parts.Database, salt);
        parts.Database.Execute("COMMIT");
        parts.Keys.AddDataKey(row.Number, key, row.MadeAt);
        KeyOpening.Switch(parts.Sealer, parts.Keys, salt);
        return true;
    }

    private bool Replace(IReadOnlyList<(WrappedKeyRow From, WrappedKeyRow To)> keys)
    {
        parts.Database.Execute("BEGIN IMMEDIATE");
        using (parts.Database.Once("UPDATE wrapped_key SET kek = ?1, content = ?2 WHERE number = ?3 AND content = ?4",
            out var update))
        {
            foreach (var (from, to) in keys)
            {
                update.Bind(1, to.Kek).Bind(2, to.Content).Bind(3, from.Number).Bind(4, from.Content).Run();
                if (parts.Database.Changes == 1)
                    continue;
                parts.Database.Rollback();
                return false;
            }
        }
        parts.Database.Execute("COMMIT");
        return true;
    }

    private T Guarded<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (StoreException e)
        {
            parts.Database.Rollback();
            throw Damage.Of(e).ToException(e);
        }
    }
}
