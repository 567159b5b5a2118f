using Microsoft.Extensions.Logging;

namespace Pelago.Journal;

/// <summary>What opening found, and what writer and readers share.</summary>
internal sealed record PostgresParts(
    PostgresJournalOptions Options, PostgresSchema Schema, ServerSessions Sessions, StoreWatch Watch, KeyRing Keys,
    Sealer Sealer, OriginTable Origins, EntityCache Cache, LaneMemory Lanes, KeyOpening KeyOpening, TimeProvider Clock,
    ILogger Logger);
