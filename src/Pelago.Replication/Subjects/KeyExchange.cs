using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Keys of subjects between regions: a new key goes to every region that is linked, right before the event
/// that names it; a region that knows a key by name and lacks it asks for it, the region that made it first.</summary>
/// <remarks>Only regions that may have keys (<see cref="KernelOptions.SubjectKeyRegions"/>) ask, are answered, and keep
/// what comes. A key's name follows from subject and key, so what was not named by an event of the subject finds no
/// place; of what arrives before its name a bounded number waits, in memory and for seconds. Who forgets takes
/// nothing any more.
/// </remarks>
internal sealed class KeyExchange(KernelContext context, PeerLinks links, InstanceKernel kernel)
{
    private const int LookMilliseconds = 50;
    private const int PauseMilliseconds = 500;
    private const int MaxDoublings = 4;
    private const int MaxEarly = 1_024;
    private const int EarlyMilliseconds = 10_000;

    private readonly SortedDictionary<(string Subject, SubjectKeyId Id), Wanted> wanted = new(WantedOrder.Instance);
    private readonly Dictionary<SubjectKeyId, SubjectKey> early = [];
    private readonly Queue<(SubjectKeyId Id, long SinceMilliseconds)> earlyOrder = [];
    private long lookedAt = long.MinValue / 2;
    private int serving;

    private long Now => context.Now.MonotonicMilliseconds;

    /// <summary>Keys that are asked for.</summary>
    public int WantedCount => wanted.Count;

    /// <summary>True when a region may have keys.</summary>
    public bool May(string region) => context.Options.SubjectKeyRegions?.Contains(region) ?? true;

    /// <summary>Asks for a key, unless it is asked for already. Beyond the bound it is left out: it is found to be
    /// lacking again when somebody needs it, and when the journal is compared with others.</summary>
    /// <param name="maker">The region that made it, or sealed under it: it is asked first.</param>
    public void Want(SubjectKeyName name, string maker)
    {
        if (May(context.Options.Region) && !context.IsAlone && wanted.Count < context.Options.MaxWantedSubjectKeys)
            wanted.TryAdd((name.Subject, name.Id), new Wanted(maker) { NextMilliseconds = Now });
    }

    /// <summary>A key of that name that came before its name was known.</summary>
    public SubjectKey? TakeEarly(string subject, SubjectKeyId id)
        => early.TryGetValue(id, out var key) && key.Subject.Id == subject && early.Remove(id) ? key : null;

    /// <summary>The key is here, or nobody is to have it any more.</summary>
    public void Settle(SubjectKeyName name)
    {
        wanted.Remove((name.Subject, name.Id));
        early.Remove(name.Id);
    }

    /// <summary>Sends a key that was just made. Its event follows on the same links.</summary>
    public void Push(SubjectKey key)
    {
        foreach (var link in links.Readers.Where(IsServed).ToArray())
            context.Emit(new SendFrame(link.Id, new SubjectKeysFrame([key])));
    }

    /// <summary>Asks for what is wanted and due.</summary>
    public void Tick()
    {
        while (earlyOrder.TryPeek(out var oldest) && Now - oldest.SinceMilliseconds > EarlyMilliseconds)
            early.Remove(earlyOrder.Dequeue().Id);
        if (wanted.Count == 0 || Now - lookedAt < LookMilliseconds)
            return;
        lookedAt = Now;
        foreach (var due in wanted.Where(w => w.Value.NextMilliseconds <= Now)
            .GroupBy(w => NextPeer(w.Value)).ToArray())
        {
            if (due.Key is not { } region || links.Way(region) is not { } link)
            {
                foreach (var (_, entry) in due)
                    entry.NextMilliseconds = Now + PauseMilliseconds; // nobody to ask: that is no attempt
                continue;
            }
            foreach (var part in due.Chunk(SubjectKeysFrame.MaxKeys))
            {
                context.Hit(Probe.SubjectKeysAsked);
                context.Emit(new SendFrame(link, new SubjectKeysAskFrame(
                    [.. part.Select(w => new SubjectKeyName(w.Key.Subject, w.Key.Id))])));
                foreach (var (_, entry) in part)
                    entry.NextMilliseconds = Now + (PauseMilliseconds << Math.Min(entry.Tries++, MaxDoublings));
            }
        }
    }

    /// <summary>A peer asks for keys, or gives some.</summary>
    public void Received(PeerLink link, Frame frame)
    {
        if (frame is SubjectKeysAskFrame ask)
            Serve(link, ask);
        else
            Take(link, (SubjectKeysFrame)frame);
    }

    // With what is here, if it may have keys.
    private void Serve(PeerLink link, SubjectKeysAskFrame ask)
    {
        if (!IsServed(link) || serving + ask.Names.Count > context.Options.MaxServedSubjectKeys)
            return; // it asks again
        serving += ask.Names.Count;
        var (found, open) = (new List<SubjectKey>(), ask.Names.Count);
        foreach (var name in ask.Names)
        {
            var key = SubjectType.KeyOf(name.Subject);
            kernel.Lane(key.Lane).With(key, subject =>
            {
                serving--;
                if (subject.Keys.TryGetValue(name.Id, out var held))
                    found.Add(held);
                if (--open == 0 && found.Count > 0 && links.Stands(link.Id))
                    context.Emit(new SendFrame(link.Id, new SubjectKeysFrame(found)));
            });
        }
    }

    private void Take(PeerLink link, SubjectKeysFrame frame)
    {
        if (link.Peer.IsOfAnotherGroup || !May(context.Options.Region))
            return;
        foreach (var key in frame.Keys)
        {
            if (wanted.ContainsKey((key.Subject.Id, key.Id)))
                kernel.Lane(key.Subject.Lane).TakeKey(key);
            else if (IsForgotten(key.Subject.Id))
                context.Hit(Probe.LateKeyRefused);
            else
                KeepEarly(key);
        }
    }

    private bool IsForgotten(string subject) => kernel.Subjects.InMemory(subject) is { Unusable: null } known
        && known.Fold.State is SubjectState { Forgotten: true };

    private void KeepEarly(SubjectKey key)
    {
        if (!early.TryAdd(key.Id, key))
            return;
        earlyOrder.Enqueue((key.Id, Now));
        while (earlyOrder.Count > MaxEarly)
            early.Remove(earlyOrder.Dequeue().Id);
    }

    // A region that is none of ours, or is known to be of another group, is given nothing.
    private bool IsServed(PeerLink link) => May(link.Peer.Name) && !link.Peer.IsOfAnotherGroup
        && context.Members.Contains(link.Peer.Name) && link.Hello is { GivesKeys: true };

    private string? NextPeer(Wanted entry)
    {
        string[] open = [.. context.Others.Where(o => May(o) && links.Way(o) is not null && links.GivesKeys(o))
            .OrderBy(o => o != entry.Maker).ThenBy(o => o, StringComparer.Ordinal)];
        return open.Length == 0 ? null : open[entry.Tries % open.Length];
    }

    private sealed class Wanted(string maker)
    {
        public string Maker { get; } = maker;
        public long NextMilliseconds { get; set; }
        public int Tries { get; set; }
    }

    // One order whatever the culture is: a seed replays the same frames.
    private sealed class WantedOrder : IComparer<(string Subject, SubjectKeyId Id)>
    {
        public static readonly WantedOrder Instance = new();

        public int Compare((string Subject, SubjectKeyId Id) x, (string Subject, SubjectKeyId Id) y)
            => string.CompareOrdinal(x.Subject, y.Subject) is not 0 and var bySubject ? bySubject
                : x.Id.CompareTo(y.Id);
    }
}
