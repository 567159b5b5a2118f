using System.IO.Pipelines;

namespace Pelago.Entities;

/// <summary>Opens a duplex stream to a peer region's instance of this service. The host that composes the runtime
/// implements it: through mutual TLS and the peer's ingress between regions, through memory in tests.</summary>
public interface IPeerDialler
{
    /// <summary>Opens a stream; the caller disposes it.</summary>
    /// <param name="peer">Name of the peer region.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="Pelago.Model.PelagoException">The peer could not be reached, or is not who it should
    /// be.</exception>
    ValueTask<PeerStream> DialAsync(string peer, CancellationToken cancellationToken);
}

/// <summary>A duplex stream of bytes to a peer.</summary>
/// <param name="input">What the peer sends.</param>
/// <param name="output">What the peer receives.</param>
/// <param name="close">Ends what carries the stream.</param>
public sealed class PeerStream(PipeReader input, PipeWriter output, Func<ValueTask> close)
    : IDuplexPipe, IAsyncDisposable
{
    /// <inheritdoc />
    public PipeReader Input => input;

    /// <inheritdoc />
    public PipeWriter Output => output;

    /// <inheritdoc />
    public ValueTask DisposeAsync() => close();
}

/// <summary>Has no peers: a service that runs alone.</summary>
public sealed class NoPeers : IPeerDialler
{
    /// <inheritdoc />
    public ValueTask<PeerStream> DialAsync(string peer, CancellationToken cancellationToken)
        => ValueTask.FromException<PeerStream>(new InvalidOperationException($"There is no way to '{peer}'."));
}
