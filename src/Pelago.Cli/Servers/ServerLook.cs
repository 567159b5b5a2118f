using System.Globalization;
using Pelago.Journal;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>What a region's PostgreSQL server says when it is asked.</summary>
/// <param name="Health">Its answer; null when it gave none.</param>
/// <param name="Trouble">Why journals cannot be written on it, or null.</param>
internal sealed record ServerLook(ServerHealth? Health, Failure? Trouble)
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);

    /// <summary>Where a region's server listens.</summary>
    public static string AddressOf(RegionRecord region)
        => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{region.ServerPort}");

    /// <summary>Asks.</summary>
    /// <param name="directory">The world.</param>
    /// <param name="region">Whose server.</param>
    /// <param name="probes">Whether something is to be committed, too: a look changes nothing.</param>
    /// <param name="time">Clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<ServerLook> AskAsync(WorldDirectory directory, RegionRecord region, bool probes,
        TimeProvider time, CancellationToken cancellationToken)
    {
        var file = new ServerHome(directory.ServerHome(region.Name)).PasswordFile;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(AnswerLimit);
        try
        {
            var password = (await File.ReadAllTextAsync(file, limit.Token)).Trim();
            var server = new JournalServer("127.0.0.1", region.ServerPort, ServerHome.Administrator, password);
            var health = await server.ExamineAsync(probes, time, limit.Token);
            return new ServerLook(health, health.Refusal);
        }
        catch (PelagoException e)
        {
            return new ServerLook(null, e.Failure);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new ServerLook(null, new Failure(ErrorCodes.JournalServerAway, string.Create(
                CultureInfo.InvariantCulture,
                $"The journal's server does not answer within {AnswerLimit.TotalSeconds:0} s."),
                "Look into its log; it may be overloaded, or its disk stuck."));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new ServerLook(null, new Failure(ErrorCodes.RoleConfig, $"'{file}' cannot be read.",
                "Restore it from a backup: the server lets nobody else in."));
        }
    }
}
