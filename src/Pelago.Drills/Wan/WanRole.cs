using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Pelago.Client;
using Pelago.Model;

namespace Pelago.Drills;

/// <summary>The process of the wide area network emulator: <c>pelago wan run --home DIR</c>.</summary>
public static class WanRole
{
    /// <summary>Runs until it is told to end by a signal or the token.
    /// 1. Read the configuration and the state. 2. Bind all links. 3. Serve them and the control interface.</summary>
    /// <exception cref="PelagoException">When the configuration is unusable or a port is taken.</exception>
    public static async Task RunAsync(string home, TimeProvider time, CancellationToken cancellationToken)
    {
        var config = PrivateFile.ReadJson<WanConfig>(
            Path.Combine(home, "config.json"), "'pelago up' writes it anew.")
            ?? throw new Failure(ErrorCodes.RoleConfig, $"There is no config.json in '{home}'.",
                "'pelago up' writes it.").ToException();
        using var network = new WideAreaNetwork(config, home, time, new WanOptions());
        await using var control = ControlListener.Create(config.ControlPort, config.AdminTokenSha256);
        Map(control, network);
        await control.StartAsync(cancellationToken);
        Log.Started(control.Logger, config.Links.Count, config.Profile);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(
            cancellationToken, control.Lifetime.ApplicationStopping);
        var serving = network.RunAsync(stop.Token);
        try
        {
            await serving;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await control.StopAsync(CancellationToken.None);
        }
    }

    private static void Map(WebApplication control, WideAreaNetwork network)
    {
        control.MapGet("/v1/wan", () => ControlListener.Answer(network.Report()));
        control.MapPost("/v1/wan/cut", async (HttpRequest request, CancellationToken cancellationToken) =>
        {
            var selection = await ControlListener.ReadAsync<WanSelection>(request, cancellationToken);
            return Done(network, network.Cut(selection, IsDryRun(request)));
        });
        control.MapPost("/v1/wan/heal", async (HttpRequest request, CancellationToken cancellationToken) =>
        {
            var selection = await ControlListener.ReadAsync<WanSelection>(request, cancellationToken);
            return Done(network, network.Heal(selection, IsDryRun(request)));
        });
        control.MapPost("/v1/wan/set", async (HttpRequest request, CancellationToken cancellationToken) =>
        {
            var delay = await ControlListener.ReadAsync<WanDelay>(request, cancellationToken);
            return Done(network, network.Set(delay, IsDryRun(request)));
        });
    }

    // A trial goes the way of the real change up to the point where that changes something: it meets the same refusals.
    private static bool IsDryRun(HttpRequest request) => request.Query["dryRun"] == "All";

    private static IResult Done(WideAreaNetwork network, Failure? failure)
        => failure is null ? ControlListener.Answer(network.Report()) : throw failure.ToException();
}
