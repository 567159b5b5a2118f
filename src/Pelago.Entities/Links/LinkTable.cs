using System.Collections.Concurrent;
using System.IO.Pipelines;
using Microsoft.Extensions.Logging;
using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>The links that are open. The kernel knows them by number; whoever opens, the loop hears of it before the
/// first frame and of the end after the last.</summary>
internal sealed class LinkTable(RuntimeOptions options, IPeerDialler dialler, TimeProvider clock, ILogger logger)
{
    private readonly ConcurrentDictionary<long, Running> links = new();
    private readonly ConcurrentDictionary<Task, bool> dials = new();
    private readonly CancellationTokenSource stopping = new();
    private long lastId;

    /// <summary>Takes an input to the loop.</summary>
    public required Action<KernelInput> Post { get; init; }

    /// <summary>Dials a peer in the background.</summary>
    public void Dial(string peer)
    {
        var task = DialAsync(peer);
        dials[task] = true;
        _ = task.ContinueWith(t => dials.TryRemove(t, out _), CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>Serves a stream that a peer opened, until it ends.</summary>
    public Task AcceptAsync(string peer, IDuplexPipe pipe, CancellationToken cancellationToken)
        => RunAsync(peer, pipe, dialled: false, cancellationToken);

    /// <summary>Queues a frame; ignored when the link has ended.</summary>
    public void Send(long link, Frame frame, SendOrder order)
    {
        if (links.TryGetValue(link, out var running))
            running.Link.Send(frame, order);
    }

    /// <summary>Ends a link after what was queued.</summary>
    public void Close(long link, string reason)
    {
        if (links.TryGetValue(link, out var running))
            running.Link.Close(reason);
    }

    /// <summary>Waits for the ends of the links, which the kernel was told to say goodbye on; at most as long as the
    /// options say.</summary>
    public async Task StopAsync()
    {
        stopping.CancelAfter(TimeSpan.FromMilliseconds(options.StopMilliseconds));
        // A transport that does not even end when it is cancelled must not keep the journal from closing.
        await Task.WhenAll([.. links.Values.Select(r => r.Ended.Task), .. dials.Keys])
            .WaitAsync(TimeSpan.FromMilliseconds(options.StopMilliseconds * 2), clock, CancellationToken.None)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await stopping.CancelAsync();
    }

    private async Task DialAsync(string peer)
    {
        try
        {
            var stream = await dialler.DialAsync(peer, stopping.Token);
            await using (stream)
                await RunAsync(peer, stream, dialled: true, stopping.Token);
        }
        catch (Exception error) // every reason why a peer is not there ends in another attempt, later
        {
            Log.DialFailed(logger, peer, (error as PelagoException)?.Failure.ToString() ?? error.Message);
            Post(new DialFailedInput(peer));
        }
    }

    private async Task RunAsync(string peer, IDuplexPipe pipe, bool dialled, CancellationToken cancellationToken)
    {
        var link = new ReplicationLink(Interlocked.Increment(ref lastId), peer, options, clock);
        var running = new Running(link, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        links[link.Id] = running;
        if (stopping.IsCancellationRequested || links.Count > options.MaxLinks)
            link.Close("no more links are taken");
        Log.LinkOpened(logger, link.Id, peer, dialled);
        Post(new LinkOpenedInput(link.Id, peer, dialled));
        await link.RunAsync(pipe, Post, cancellationToken);
        links.TryRemove(link.Id, out _);
        Post(new LinkClosedInput(link.Id));
        Log.LinkEnded(logger, link.Id, peer, link.EndReason);
        running.Ended.TrySetResult();
    }

    private sealed record Running(ReplicationLink Link, TaskCompletionSource Ended);
}
