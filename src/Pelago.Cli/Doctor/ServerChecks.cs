using System.Globalization;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>The PostgreSQL servers of a world whose journals lie there: which they are, whether they keep what they
/// acknowledge, and how long that takes.</summary>
internal static class ServerChecks
{
    public static async Task<IReadOnlyList<Finding>> OfAsync(
        Patient patient, TimeProvider time, CancellationToken cancellationToken)
    {
        var world = patient.World;
        return await Task.WhenAll(patient.Status.Servers.Select(async server => Of(patient, server,
            await ServerLook.AskAsync(
                world.Directory, world.RequireRegion(server.Region), probes: true, time, cancellationToken))));
    }

    internal static Finding Of(Patient patient, ServerStatus server, ServerLook look)
    {
        var check = $"PostgreSQL of {server.Region}";
        if (look.Health is not { } health)
            return Finding.Of(check, false, look.Trouble?.ToString() ?? server.State, Mend(patient, server, look));
        var detail = $"{health.Version} at {server.Address}: {string.Join(", ", health.Settings)}"
            + (health.Flush is not { } flush ? "" : string.Create(
                CultureInfo.InvariantCulture, $"; 4 KiB committed in {flush.TotalMilliseconds:0.00} ms"));
        if (look.Trouble is { } trouble)
            return Finding.Of(check, false, $"{trouble} ({detail})", Mend(patient, server, look));
        return Finding.Notice(check, health.Flush < RoleChecks.SlowFlush, detail,
            "pelago up --journal postgres --data DIR, on a faster disk");
    }

    /// <summary>A command that speaks to a region's server as its administrator.</summary>
    public static string Psql(Patient patient, string region, params ReadOnlySpan<string> statements)
    {
        var home = new ServerHome(patient.World.Directory.ServerHome(region));
        var port = patient.World.RequireRegion(region).ServerPort;
        var words = $"PGPASSWORD=\"$(cat '{home.PasswordFile}')\" psql -h 127.0.0.1 "
            + string.Create(CultureInfo.InvariantCulture, $"-p {port} -U {ServerHome.Administrator} -d postgres");
        foreach (var statement in statements)
            words += $" -c \"{statement.Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
        return words;
    }

    private static string Mend(Patient patient, ServerStatus server, ServerLook look)
        => server.State == States.Stopped ? patient.Pelago($"regions start {server.Region}")
            : server.State == States.Down ? patient.Pelago("up")
            : look.Trouble?.Error == ErrorCodes.JournalServerReadOnly ? Psql(patient, server.Region,
                "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")
            : patient.Pelago($"logs {RoleNames.Server(server.Region).Replace('/', '-')}");
}
