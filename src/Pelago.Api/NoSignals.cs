using Microsoft.Extensions.Hosting;

namespace Pelago.Api;

/// <summary>The role decides when its listeners stop; the library's own lifetime would answer signals by
/// itself.</summary>
public sealed class NoSignals : IHostLifetime
{
    /// <inheritdoc />
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
