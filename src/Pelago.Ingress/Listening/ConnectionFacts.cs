using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Pelago.Ingress;

/// <summary>What a connection's handshake established, for the requests on it, and when the connection ends.</summary>
/// <remarks>A connection may not outlive the certificate that opened it. At its end the peer is told to open no more
/// requests (GOAWAY), running streams are reset, and what is left after the margin is cut.</remarks>
internal sealed class ConnectionFacts : IDisposable
{
    // Timers take at most some 49 days; no certificate here lives that long, and an earlier end does no harm.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(40);

    private readonly ConnectionContext _connection;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _ending = new();
    private readonly Lock _gate = new();
    private ITimer? _close;
    private ITimer? _cut;
    private bool _disposed;

    public ConnectionFacts(ConnectionContext connection, TimeProvider clock)
    {
        (_connection, _clock) = (connection, clock);
        Ending = _ending.Token; // taken here, because a disposed source does not give it any more
    }

    /// <summary>The name that the handshake asked for; empty before it.</summary>
    public string ServerName { get; set; } = "";

    /// <summary>The verified caller; null on the public listener.</summary>
    public VerifiedPeer? Peer { get; set; }

    /// <summary>Cancelled when the connection's time is over.</summary>
    public CancellationToken Ending { get; }

    /// <summary>Sets the end; a second call replaces the first.</summary>
    public void EndAfter(TimeSpan life, TimeSpan grace)
    {
        var close = life < TimeSpan.Zero ? TimeSpan.Zero : life > LongestTimer ? LongestTimer : life;
        lock (_gate)
        {
            if (_disposed)
                return;
            _close?.Dispose();
            _cut?.Dispose();
            _close = _clock.CreateTimer(
                static facts => ((ConnectionFacts)facts!).Close(),
                this,
                close,
                Timeout.InfiniteTimeSpan
            );
            _cut = _clock.CreateTimer(
                static facts => ((ConnectionFacts)facts!).Cut(),
                this,
                close + grace,
                Timeout.InfiniteTimeSpan
            );
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _close?.Dispose();
            _cut?.Dispose();
            _ending.Dispose();
        }
    }

    private void Close()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
            // What hangs on the token runs on the pool, not under this lock.
            _ = _ending.CancelAsync();
        }
    }

    private void Cut() => _connection.Abort(new ConnectionAbortedException("The connection's certificate has ended."));
}
