using Microsoft.Extensions.Logging;
using Pelago.Model;

namespace Pelago.Journal;

/// <summary>Renews the keys of an open journal, when it is told to and when the data key has come of age.</summary>
/// <remarks>
/// The store is changed in one transaction, and only after the key-encryption key has done its part: a process that
/// dies anywhere leaves the keys as they were, or the new ones, and both open. A data key that nothing was sealed under
/// may be left behind; it harms nobody. Writes go on meanwhile, but for the moment in which the writer stores the new
/// key and takes it into use. Data keys are never deleted: whoever restores an older state finds the key of each of its
/// rows. A key is wrapped anew from what is in memory, and opened again before the old one is replaced, so that a
/// journal that runs survives the loss of its key-encryption key.
/// </remarks>
internal sealed class KeyRotation : IAsyncDisposable
{
    private const int Attempts = 10;
    private static readonly TimeSpan RetryPause = TimeSpan.FromHours(1);

    private readonly IKeyTable table;
    private readonly KeyOpening opening;
    private readonly KeyRing keys;
    private readonly TimeProvider clock;
    private readonly TimeSpan age;
    private readonly ILogger logger;
    private readonly SemaphoreSlim gate = new(1, 1);
    private readonly Schedule? schedule;

    /// <param name="table">The store.</param>
    /// <param name="opening">Wraps.</param>
    /// <param name="keys">The keys, unwrapped.</param>
    /// <param name="clock">Tells their age.</param>
    /// <param name="maxAgeDays">Age at which the data key is renewed; 0 for never.</param>
    /// <param name="logger">The room's log.</param>
    public KeyRotation(
        IKeyTable table, KeyOpening opening, KeyRing keys, TimeProvider clock, int maxAgeDays, ILogger logger)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxAgeDays);
        (this.table, this.opening, this.keys, this.clock, this.logger) = (table, opening, keys, clock, logger);
        age = TimeSpan.FromDays(maxAgeDays);
        schedule = maxAgeDays == 0 ? null : new Schedule(TimeSpan.Zero, RenewAgedAsync, clock);
    }

    /// <summary>Renews; one renewal at a time.</summary>
    /// <exception cref="PelagoException">The key-encryption key is missing or refused (PLG4004, PLG4005, PLG4008), the
    /// store failed, or other processes renew all the time (PLG4001).</exception>
    public async ValueTask<KeyRenewal> RekeyAsync(RekeyScope scope, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            return scope == RekeyScope.DataKey ? await AddDataKeyAsync(cancellationToken)
                : await RewrapAsync(cancellationToken);
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Ends the schedule.</summary>
    public async ValueTask DisposeAsync()
    {
        if (schedule is not null)
            await schedule.DisposeAsync();
        gate.Dispose();
    }

    private async Task<KeyRenewal> AddDataKeyAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var number = (await table.ReadAsync(cancellationToken)).Max(k => k.Number) + 1;
            var (row, key) = await opening.NewDataKeyAsync(
                keys.JournalId, number, clock.GetUtcNow().ToUnixTimeMilliseconds(), cancellationToken);
            if (!await table.AddAsync(row, key, cancellationToken))
                continue;
            Log.DataKeyRenewed(logger, row.Number, row.Kek);
            return new KeyRenewal(row.Number, row.Kek, 0);
        }
        throw Contended();
    }

    /// <summary>Wraps everything under a new key-encryption key; a key that another process adds meanwhile, too.
    /// </summary>
    private async Task<KeyRenewal> RewrapAsync(CancellationToken cancellationToken)
    {
        var kek = await opening.RenewKekAsync(cancellationToken);
        var rewrapped = 0;
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var rows = await table.ReadAsync(cancellationToken);
            var old = rows.Where(r => r.Kek != kek).ToList();
            if (old.Count == 0)
            {
                Log.KeysRewrapped(logger, rewrapped, kek);
                return new KeyRenewal(keys.NewestDataKey, kek, rewrapped);
            }
            var replaced = new List<(WrappedKeyRow From, WrappedKeyRow To)>(old.Count);
            foreach (var row in old)
                replaced.Add((row, await opening.RewrapAsync(keys, row, cancellationToken)));
            kek = replaced[^1].To.Kek;
            if (await table.ReplaceAsync(replaced, cancellationToken))
                rewrapped += replaced.Count;
        }
        throw Contended();
    }

    /// <summary>Renews the data key when it is due. One of which nobody knows when it was made is, and so is one that
    /// comes from the future: the clock was off then.</summary>
    /// <returns>How long to wait before looking again.</returns>
    private async Task<TimeSpan> RenewAgedAsync(CancellationToken cancellationToken)
    {
        try
        {
            var present = Age();
            if (present >= TimeSpan.Zero && present < age)
                return age - present;
            await RekeyAsync(RekeyScope.DataKey, cancellationToken);
            return age;
        }
        catch (Exception error) when (error is not OperationCanceledException
            || !cancellationToken.IsCancellationRequested)
        {
            // Whatever the store or the key's keeper say: the old key goes on to serve.
            Log.RenewalFailed(logger, (error as PelagoException)?.Failure.ToString() ?? error.GetType().Name);
            return RetryPause;
        }
    }

    private TimeSpan Age() => TimeSpan.FromMilliseconds(
        clock.GetUtcNow().ToUnixTimeMilliseconds() - keys.MadeAt(keys.NewestDataKey));

    private static PelagoException Contended() => new Failure(ErrorCodes.JournalInUse,
        "Other processes renew the journal's keys all the time.", "Let one of them do it.").ToException();
}
