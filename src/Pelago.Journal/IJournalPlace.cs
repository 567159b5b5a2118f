using Microsoft.Extensions.Logging;

namespace Pelago.Journal;

/// <summary>Where a journal lies: a host opens whichever it was told to, and knows no store. It is a directory of this
/// machine (<see cref="JournalOptions"/>) or a server (<see cref="PostgresJournalOptions"/>).</summary>
public interface IJournalPlace
{
    /// <summary>Opens the journal there, or creates it.</summary>
    /// <param name="kek">Wraps the journal's keys.</param>
    /// <param name="clock">For the age of keys, and pauses between attempts to reach a server.</param>
    /// <exception cref="Model.PelagoException">It cannot be opened; the code says why (PLG4001 to PLG4008, PLG4020 to
    /// PLG4026).</exception>
    ValueTask<IJournal> OpenAsync(
        IKeyEncryption kek, TimeProvider clock, ILogger logger, CancellationToken cancellationToken);
}
