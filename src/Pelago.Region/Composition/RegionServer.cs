using System.Net;
using Microsoft.Extensions.Logging;
using Pelago.Client;
using Pelago.Journal;
using Pelago.Model;

namespace Pelago.Region;

/// <summary>The PostgreSQL server beside a region, on which the journals of the region and of its services lie: one
/// database each, with a user of its own who may enter no other. The region alone has the password of whoever may make
/// them.</summary>
internal sealed class RegionServer(
    RegionHome home, RegionConfig config, ServerAccess access, ServerPasswords passwords, TimeProvider clock,
    ILogger log)
{
    private const string Schema = "pelago";

    private const string OwnDatabase = JournalStores.RegionDatabase;

    private static readonly string Host = IPAddress.Loopback.ToString();
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(500);

    /// <summary>Opens the region's own journal. A server that is not up yet, or takes no writes, is waited for, and the
    /// reason is left in the home for whoever looks.</summary>
    /// <exception cref="PelagoException">It cannot be opened, and waiting would not help.</exception>
    public async Task<IJournal> OpenOwnAsync(
        string guardFile, IKeyEncryption kek, ILogger logger, CancellationToken cancellationToken)
    {
        for (Failure? before = null; ;)
        {
            try
            {
                var password = passwords.Of(OwnDatabase);
                await Server().PrepareAsync(OwnDatabase, password, cancellationToken);
                var place = new PostgresJournalOptions
                {
                    ConnectionString = JournalServer.ConnectionString(
                        Host, access.Port, OwnDatabase, OwnDatabase, password),
                    Schema = Schema, GuardFile = guardFile, Owner = $"region {config.Region}",
                };
                return await place.OpenAsync(kek, clock, logger, cancellationToken);
            }
            catch (PelagoException e) when (Passes(e.Failure.Error))
            {
                new RoleFailure(clock.GetUtcNow(), TroubleView.Of(e.Failure)) { IsWaiting = true }.Write(home.Path);
                if (e.Failure != before)
                    Log.ServerAwaited(log, e.Failure.ToString());
                before = e.Failure;
            }
            await Task.Delay(Pace, clock, cancellationToken);
        }
    }

    /// <summary>The database of a service's journal. Where the server does not answer it may not be there yet: the
    /// instance finds that out, says so, and is started again.</summary>
    public async Task<JournalDatabase> DatabaseOfAsync(
        string project, string service, CancellationToken cancellationToken)
    {
        var name = JournalStores.DatabaseOf(project, service);
        var password = passwords.Of($"{project}.{service}");
        try
        {
            await Server().PrepareAsync(name, password, cancellationToken);
        }
        catch (PelagoException e)
        {
            Log.DatabaseNotPrepared(log, name, e.Failure.ToString());
        }
        return new JournalDatabase(Host, access.Port, name, name, password);
    }

    /// <summary>Commits 4 KiB.</summary>
    public async Task<JournalProbeResult> ProbeAsync()
    {
        try
        {
            var health = await Server().ExamineAsync(probes: true, clock, CancellationToken.None);
            return new JournalProbeResult(health.Refusal?.ToString(), health.Flush)
            {
                Engine = $"PostgreSQL {health.Version}",
            };
        }
        catch (PelagoException e)
        {
            return new JournalProbeResult(e.Failure.ToString(), null);
        }
    }

    // Read each time: a world that was restored may have brought another one.
    private JournalServer Server()
        => new(Host, access.Port, access.User, PasswordIn(access.PasswordFile));

    private static string PasswordIn(string file)
    {
        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new Failure(ErrorCodes.RoleConfig, $"'{file}' cannot be read.",
                "Restore it from a backup: the server lets nobody else in.").ToException(e);
        }
    }

    private static bool Passes(ErrorCode error)
        => error == ErrorCodes.JournalServerAway || error == ErrorCodes.JournalServerReadOnly;
}
