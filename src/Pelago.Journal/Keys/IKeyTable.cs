namespace Pelago.Journal;

/// <summary>The wrapped keys of an open journal as they lie in its store.</summary>
internal interface IKeyTable
{
    /// <summary>All of them, in order of number.</summary>
    Task<IReadOnlyList<WrappedKeyRow>> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Stores a data key and a salt of it in one transaction; new rows are sealed under them from then on.
    /// </summary>
    /// <param name="row">The key, wrapped.</param>
    /// <param name="key">The key.</param>
    /// <param name="cancellationToken">Gives up, before it is stored.</param>
    /// <returns>False when another process has used the number: nothing was changed.</returns>
    Task<bool> AddAsync(WrappedKeyRow row, byte[] key, CancellationToken cancellationToken);

    /// <summary>Replaces wrapped keys, all of them in one transaction.</summary>
    /// <returns>False when one was not as it was expected: nothing was changed.</returns>
    Task<bool> ReplaceAsync(
        IReadOnlyList<(WrappedKeyRow From, WrappedKeyRow To)> keys, CancellationToken cancellationToken);
}
