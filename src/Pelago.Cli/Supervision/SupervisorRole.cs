using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Pelago.Client;
using Pelago.Drills;
using Pelago.Model;

namespace Pelago.Cli;

/// <summary>The supervisor's process: <c>pelago supervise --home DIR</c>.</summary>
internal static class SupervisorRole
{
    /// <summary>Runs until it is told to end by a signal. 1. Be the only one. 2. Answer control calls, which shows that
    /// this one is it. 3. Adopt and tend. 4. A world whose directory was deleted has nothing left by which it could be
    /// found and stopped: it ends, with everything in it.</summary>
    /// <exception cref="PelagoException">When the configuration is unusable or another supervisor runs.</exception>
    public static async Task RunAsync(string home, TimeProvider time, CancellationToken cancellationToken)
    {
        var config = PrivateFile.ReadJson<SupervisorConfig>(
            Path.Combine(home, "config.json"), "'pelago up' writes it anew.")
            ?? throw new Failure(ErrorCodes.RoleConfig, $"There is no config.json in '{home}'.",
                "'pelago up' writes it.")
                .ToException();
        // 1.
        using var only = SupervisorLock.TryTake(home)
            ?? throw new Failure(ErrorCodes.WorldBusy, "Another supervisor of this world runs.", "").ToException();
        await using var control = ControlListener.Create(config.ControlPort, config.AdminTokenSha256);
        using var supervisor = new Supervisor(config, home, time, control.Logger);
        Map(control, supervisor);
        // 2.
        await control.StartAsync(cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(
            cancellationToken, control.Lifetime.ApplicationStopping);
        // 3.
        try
        {
            var tending = supervisor.RunAsync(stop.Token);
            await await Task.WhenAny(tending, only.UntilDeletedAsync(time, stop.Token));
            // 4.
            await supervisor.EndAsync(cancellationToken);
            await stop.CancelAsync();
            await tending;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await control.StopAsync(CancellationToken.None);
        }
    }

    private static void Map(WebApplication control, Supervisor supervisor)
    {
        control.MapGet("/v1/roles", () => ControlListener.Answer(supervisor.Report()));
        control.MapPost("/v1/roles/stop", async (HttpRequest request, CancellationToken cancellationToken) =>
        {
            var command = await ControlListener.ReadAsync<RoleCommand>(request, cancellationToken);
            return ControlListener.Answer(await supervisor.StopAsync(command, cancellationToken));
        });
        control.MapPost("/v1/roles/start", async (HttpRequest request, CancellationToken cancellationToken) =>
        {
            var command = await ControlListener.ReadAsync<RoleCommand>(request, cancellationToken);
            return ControlListener.Answer(await supervisor.StartAsync(command, cancellationToken));
        });
    }
}
