using Npgsql;
using Pelago.Model;

namespace Pelago.Journal;

/// <summary>Whether a server keeps what it acknowledges, and which server it is.</summary>
internal static class ServerCheck
{
    /// <summary>Oldest version that is supported, as <c>server_version_num</c> counts.</summary>
    public const int OldestVersion = 150_000;

    // The timeline of the last checkpoint is the former one for a while after a promotion: the log's own name is not.
    private const string Who = """
        SELECT CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE')
                THEN (SELECT system_identifier::text FROM pg_control_system()) ELSE 'unknown' END,
            left(pg_walfile_name(pg_current_wal_lsn()), 8)
        """;

    /// <summary>Refuses what loses acknowledged writes, then tells which server it is, e.g. <c>PostgreSQL system
    /// 7574…, timeline 1</c>. The session's own level of durability is fixed: a later change of the server's
    /// configuration does not lower it.</summary>
    /// <exception cref="PelagoException">PLG4021, PLG4022 or PLG4023.</exception>
    public static async Task<(string Identity, string Version)> RunAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var settings = await ServerSettings.ReadAsync(connection, cancellationToken);
        if (settings.Refusal is { } refusal)
            throw refusal.ToException();
        await using (var keep = new NpgsqlCommand($"SET synchronous_commit = '{settings.Durability}'", connection))
            await keep.ExecuteNonQueryAsync(cancellationToken);
        await using var who = new NpgsqlCommand(Who, connection);
        await using var identity = await who.ExecuteReaderAsync(cancellationToken);
        await identity.ReadAsync(cancellationToken);
        var timeline = Convert.ToUInt32(identity.GetString(1), 16);
        return ($"PostgreSQL system {identity.GetString(0)}, timeline {timeline}", settings.Version);
    }

    /// <summary>Why a server with these settings is refused, or null.</summary>
    public static Failure? Refusal(
        int versionNumber, string version, bool isStandby, bool isReadOnly, string durability, bool fsync,
        bool fullPageWrites)
    {
        if (versionNumber < OldestVersion)
            return new Failure(ErrorCodes.JournalServerOld, $"The journal's server is PostgreSQL {version}.",
                $"Pelago needs PostgreSQL {OldestVersion / 10_000} or newer: upgrade the server.");
        if (isStandby || isReadOnly)
            return new Failure(ErrorCodes.JournalServerReadOnly, isStandby
                    ? "The journal's server is a standby: it takes no writes."
                    : "The journal's server takes no writes: transactions are read-only there.",
                isStandby ? "Connect to the primary, or promote this server."
                    : "Set default_transaction_read_only to off for this role and database.");
        if (durability is not ("on" or "remote_apply"))
            return Unsafe("synchronous_commit", durability);
        if (!fsync)
            return Unsafe("fsync", "off");
        return fullPageWrites ? null : Unsafe("full_page_writes", "off");
    }

    private static Failure Unsafe(string setting, string value) => new(ErrorCodes.JournalServerUnsafe,
        $"The journal's server runs with {setting} = {value}: it can lose writes that it has acknowledged.",
        $"Set {setting} to on, for the server, the database and the role.");
}
