using System.Collections.Concurrent;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>Waits until regions that were started serve. Peers are not waited for: they may be down or cut
/// off.</summary>
internal static class RegionReadiness
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(2);

    /// <exception cref="PelagoException">PLG1107 when a region ended with an error, or takes too long; PLG1208 when it
    /// serves and one of its services fails.</exception>
    public static async Task WaitAsync(
        VerbContext context, RunningWorld world, IReadOnlyList<string> roles, CancellationToken cancellationToken)
    {
        var since = context.Time.GetUtcNow();
        var start = new WorldStart(world.Directory, new StartRequest(null, null) { Limit = Limit }, context.Terminal,
            context.Time);
        var failing = new ConcurrentDictionary<string, string>();
        await Task.WhenAll(world.World.Regions.Where(region => roles.Contains(RoleNames.Region(region.Name))).Select(
            region => start.UntilAsync(RoleNames.Region(region.Name), world, Serves(region), cancellationToken)));
        if (!failing.IsEmpty)
            throw NotAllServices(failing).ToException();

        Func<CancellationToken, Task<bool>> Serves(RegionRecord region) => async ct =>
        {
            var home = world.Directory.RegionHome(region.Name);
            if (RoleFailure.Read(home) is { IsWaiting: false } left && left.At >= since)
                throw start.NotReady(RoleNames.Region(region.Name), world, null).ToException();
            using var client = world.Region(region, AnswerLimit);
            var view = await client.GetStatusAsync(ct);
            if (view.State == States.Ready)
                return true;
            if (view.Services.FirstOrDefault(service => service.State == States.Failing) is not { } broken)
                return false;
            return failing.TryAdd(region.Name, Sentence(region, broken));
        };
    }

    /// <summary>What a service that fails says, and where.</summary>
    public static string Sentence(RegionRecord region, ServiceView broken)
        => $"{region.Name}: {broken.Project}/{broken.Name}: {broken.Message}";

    /// <summary>The regions run; a service in each of these does not.</summary>
    /// <param name="failing">What is said of it, by region.</param>
    public static Failure NotAllServices(IReadOnlyDictionary<string, string> failing) => new(ErrorCodes.PartlyDone,
        $"The regions serve, but not all of their services: {string.Join("; ", failing.Values.Order())}",
        "See 'pelago status' and 'pelago logs'.");
}
