using System.Security.Cryptography;

namespace Pelago.Replication;

/// <remarks>Snapshots on links: a fetch of events whose rows are gone is answered with the entity's checkpoint, in
/// parts. The receiver asks for each part after the first, so it decides how fast they come, and how many snapshots
/// come at once. The sender keeps what is being fetched. When there is too much of it the newest finds no room: what
/// was begun is finished, or else forgotten once nobody has asked for more of it for a while.</remarks>
internal sealed partial class PeerLinks
{
    private const int MaxServed = 64;
    private const long MaxServedBytes = 128L * 1024 * 1024;
    private const int ServedIdleMilliseconds = 30_000;

    private readonly Dictionary<(long Link, long Request), ServedSnapshot> served = [];
    private readonly Dictionary<long, byte[]> incoming = [];
    private long servedBytes;

    /// <summary>Members of which the newest process that was heard does not take snapshots, or none was heard.
    /// </summary>
    public IReadOnlyList<string> WithoutSnapshots
        => [.. peers.Values.Where(p => p.TakesSnapshots != true).Select(p => p.Name)];

    public void OwnSnapshotBeyondSeen(Model.EntityKey entity, Model.Origin own) => kernel.BreakIncarnation(
        AlarmKind.OwnEventBeyondSeen, $"a snapshot of {entity} holds more of {own} than this journal wrote");

    private void TakeSnapshotFrame(PeerLink link, Frame frame)
    {
        switch (frame)
        {
            case CompactedFrame f when link.Dialled:
                TakeCompacted(link, f);
                break;
            case SnapshotPartFrame f when link.Dialled:
                TakePart(link, f);
                break;
            case SnapshotMoreFrame f when !link.Dialled:
                SendPart(link, f.Request, f.Offset);
                break;
            default:
                context.Alarm(
                    AlarmKind.Protocol, $"{link.Peer.Name} sent {frame.GetType().Name} in the wrong direction.");
                Goodbye(link, "protocol", "wrong direction");
                break;
        }
    }

    private void TakeCompacted(PeerLink link, CompactedFrame f)
    {
        if (f.Origin.Region != link.Peer.Name && !link.Asked.Contains((f.Lane, f.Origin)))
        {
            context.Alarm(AlarmKind.Protocol,
                $"{link.Peer.Name} named compacted entities of {f.Origin}, which it was not asked for.");
            Goodbye(link, "protocol", "compacted entities of an origin that was not asked for");
            return;
        }
        var lane = kernel.Lane(f.Lane);
        lane.Cursor(f.Origin).StuckSinceMilliseconds = null;
        lane.Receive(link.Id, f);
    }

    // Answers with the checkpoint when what is asked for is in it.
    private bool ServeSnapshot(PeerLink link, FetchFrame fetch, EntityImage image)
    {
        if (!context.Filters.Admits(image.Entity.Type, link.Peer.Name)
            || image.Checkpoint is not { } stored || image.Damage is not null || !IsInCheckpoint(fetch, image)
            || stored.Content.Length > FrameReader.MaxSnapshotBytes
            || !CheckpointCodec.TryRead(image.Entity, stored.Content.Span, out _))
            return false;
        Forget(link.Id, fetch.Request);
        ForgetIdle();
        if (served.Count == 0 || (served.Count < MaxServed && servedBytes + stored.Content.Length <= MaxServedBytes))
        {
            served[(link.Id, fetch.Request)] = new ServedSnapshot(stored.Content, SHA256.HashData(stored.Content.Span))
            {
                AskedMilliseconds = Now,
            };
            servedBytes += stored.Content.Length;
        }
        SendPart(link, fetch.Request, 0); // or that there is no room
        return true;
    }

    private void ForgetIdle()
    {
        foreach (var (link, request) in served.Where(s => Now - s.Value.AskedMilliseconds > ServedIdleMilliseconds)
            .Select(s => s.Key).ToArray())
            Forget(link, request);
    }

    // Of one that cannot be read nobody knows.
    private static bool IsInCheckpoint(FetchFrame fetch, EntityImage image) => image.Checkpoint is { } stored
        && (!CheckpointCodec.TryRead(image.Entity, stored.Content.Span, out var content)
            || content.Vector[fetch.Origin] >= fetch.From);

    private void SendPart(PeerLink link, long request, long offset)
    {
        if (!served.TryGetValue((link.Id, request), out var snapshot) || offset >= snapshot.Content.Length)
        {
            context.Emit(new SendFrame(link.Id, new SnapshotPartFrame(request, 0, 0, default, default)));
            return;
        }
        snapshot.AskedMilliseconds = Now;
        var bytes = (int)Math.Min(Math.Max(1, context.Options.PageBytes), snapshot.Content.Length - offset);
        context.Emit(new SendFrame(link.Id, new SnapshotPartFrame(request, snapshot.Content.Length, offset,
            snapshot.Content.Slice((int)offset, bytes), snapshot.Digest)));
        if (offset + bytes == snapshot.Content.Length)
            Forget(link.Id, request);
    }

    private void Forget(long link, long request)
    {
        if (served.Remove((link, request), out var gone))
            servedBytes -= gone.Content.Length;
    }

    private void ForgetServed(PeerLink link)
    {
        foreach (var (of, request) in served.Keys.Where(k => k.Link == link.Id).ToArray())
            Forget(of, request);
    }

    private void TakePart(PeerLink link, SnapshotPartFrame f)
    {
        if (AntiEntropy.IsCompacted(link, f.Request))
            return;
        if (!fetching.TryGetValue(f.Request, out var fetch) || fetch.Link != link)
            return;
        incoming.TryGetValue(f.Request, out var content);
        if (f.Length == 0 || f.Offset + f.Content.Length > (content?.Length ?? f.Length)
            || (content is null) != (f.Offset == 0)
            || (content is null && incoming.Values.Sum(c => (long)c.Length) + f.Length > MaxServedBytes))
        {
            // It is gone there, is not what was asked for, or finds no room now: another time, or elsewhere.
            EndFetch(f.Request, fetch.Gap);
            fetch.Gap.InVainAt[link.Peer.Name] = Now;
            return;
        }
        content = incoming[f.Request] = content ?? new byte[f.Length];
        f.Content.CopyTo(content.AsMemory((int)f.Offset));
        var next = f.Offset + f.Content.Length;
        if (next < content.Length)
        {
            context.Emit(new SendFrame(link.Id, new SnapshotMoreFrame(f.Request, next)));
            return;
        }
        EndFetch(f.Request, fetch.Gap);
        if (!SHA256.HashData(content).AsSpan().SequenceEqual(f.Digest.Span))
        {
            fetch.Gap.InVainAt[link.Peer.Name] = Now;
            context.Hit(Probe.SnapshotRefused);
            return;
        }
        fetch.Gap.NextPage = 0;
        fetch.Lane.Take(fetch.Gap, link.Peer.Name, content);
    }

    private void EndFetch(long request, OwedGap gap)
    {
        fetching.Remove(request);
        incoming.Remove(request);
        gap.FetchUnderWay = false;
    }

    private sealed class ServedSnapshot(ReadOnlyMemory<byte> content, byte[] digest)
    {
        public ReadOnlyMemory<byte> Content { get; } = content;
        public byte[] Digest { get; } = digest;
        public long AskedMilliseconds { get; set; }
    }
}
