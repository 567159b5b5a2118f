namespace Pelago.Replication;

/// <summary>Which regions durably hold the keys that commands under way wait for.</summary>
/// <remarks>
/// <para>The problem: a level of acknowledgement says in how many regions events are durable, and what is sealed in
/// them is lost with the only region that has its key. The idea: who waits for the events asks for their keys, too, by
/// name, in the same round trip; the other side says that it holds a key once that is durable there, and not before.
/// Nothing of an answer is kept beyond the commands that wait, and nothing of a former process counts once the next one
/// has answered, as with reports: so no answer rests on what a region held once.</para>
/// <para>A subject that is forgotten holds nothing up, here or there: nobody is to have its keys. Rejected: to hold the
/// report of a position back until its keys are there (finality would wait for a key that is lost, for ever, and a
/// region that starts does not know which keys it lacks); keys in the frames of events (these are read from journals,
/// by relays that may have no key).</para>
/// </remarks>
internal sealed class KeyHolders(KernelContext context, PeerLinks links, InstanceKernel kernel)
{
    private const int PauseMilliseconds = 500;
    private const int MaxDoublings = 2;
    private const int AskedMilliseconds = 10_000;

    private readonly SortedDictionary<SubjectKeyName, Watched> watched = new(SubjectKeyNameOrder.Instance);
    private readonly Dictionary<SubjectKeyName, SortedSet<long>> asked = [];
    private readonly Queue<Asked> askedOrder = [];
    private readonly SortedDictionary<long, List<SubjectKeyName>> answers = [];
    private readonly RegionShares serving = new(context, context.Options.MaxServedSubjectKeys);
    private readonly RegionShares remembered = new(context, context.Options.MaxWantedSubjectKeys);
    private bool isAskDue;

    private long Now => context.Now.MonotonicMilliseconds;

    private KeyExchange Exchange => kernel.Subjects.Exchange;

    /// <summary>Regions that may have keys, and count for a level.</summary>
    public IEnumerable<string> Possible => context.Configuration.Settled.Where(Exchange.May);

    /// <summary>Looks which keys have to be held for a command; who does is asked at the end of the turn, for all
    /// commands of a group at once.</summary>
    public void Look(KeyWait wait)
    {
        foreach (var (name, isOwn) in wait.Named)
        {
            var key = SubjectType.KeyOf(name.Subject);
            kernel.Lane(key.Lane).With(key, subject =>
            {
                wait.Unknown--;
                if (wait.IsOver)
                    return;
                if (!subject.IsForgotten && (isOwn || subject.Keys.ContainsKey(name.Id)))
                    Watch(wait, name);
                if (wait.Unknown == 0)
                    wait.Confirm();
            });
        }
    }

    /// <summary>So many regions hold all keys of a command; of a forgotten subject's none has to.</summary>
    public bool AreHeld(KeyWait wait, int regions) => wait is { IsNamed: true, Unknown: 0 }
        && wait.Needed.TrueForAll(name => watched[name] is { } key && (key.IsOver || Holders(key) >= regions));

    /// <summary>Regions that may have keys and have not said to hold all of a command's.</summary>
    public IEnumerable<string> NotHeardOf(KeyWait wait) => Possible.Where(region => !wait.IsNamed
        || wait.Needed.Exists(name => !watched[name].IsOver && !watched[name].HeldBy.Contains(region)));

    /// <summary>A command is answered.</summary>
    public void Release(KeyWait wait)
    {
        wait.IsOver = true;
        foreach (var name in wait.Needed)
        {
            if (watched.TryGetValue(name, out var key) && key.Waits.Remove(wait) && key.Waits.Count == 0)
                watched.Remove(name);
        }
    }

    /// <summary>Somebody waits to hear who holds the key.</summary>
    public bool IsWatched(SubjectKeyName name) => watched.ContainsKey(name);

    /// <summary>Nobody is to have the key any more.</summary>
    public void Over(SubjectKeyName name)
    {
        if (!watched.TryGetValue(name, out var key))
            return;
        key.IsOver = true;
        Confirm([.. key.Waits]);
    }

    /// <summary>A link to a region stands: it is asked at once.</summary>
    public void Linked(string region)
    {
        foreach (var key in watched.Values.Where(w => !w.HeldBy.Contains(region)))
            key.NextMilliseconds = Now;
        isAskDue = watched.Count > 0;
    }

    /// <summary>A new process of a region answers, which may lack what the one before it had.</summary>
    public void Forget(string region)
    {
        foreach (var key in watched.Values)
            key.HeldBy.Remove(region);
    }

    /// <summary>Sends what the turn has come to.</summary>
    public void Flush()
    {
        if (isAskDue)
        {
            isAskDue = false;
            Ask();
        }
        if (answers.Count == 0)
            return;
        foreach (var (link, names) in answers)
        {
            foreach (var part in links.Stands(link) ? names.Chunk(SubjectKeysFrame.MaxKeys) : [])
                context.Emit(new SendFrame(link, new SubjectKeysHeldFrame(part)));
        }
        answers.Clear();
    }

    /// <summary>Asks for what is due.</summary>
    public void Tick()
    {
        while (askedOrder.TryPeek(out var oldest) && Now - oldest.SinceMilliseconds > AskedMilliseconds)
            Forget(askedOrder.Dequeue());
        isAskDue = watched.Count > 0;
    }

    /// <summary>A peer says which keys it holds.</summary>
    public void Received(PeerLink link, SubjectKeysHeldFrame frame)
    {
        var waits = new List<KeyWait>();
        foreach (var name in frame.Names)
        {
            if (watched.TryGetValue(name, out var key) && key.HeldBy.Add(link.Peer.Name))
                waits.AddRange(key.Waits);
        }
        Confirm(waits);
    }

    /// <summary>A peer asks which keys are durable here. Of one that is not it is told once it is; as long as that is
    /// remembered, which it is for seconds, within a bound: the peer asks again.</summary>
    public void Received(PeerLink link, SubjectKeysHeldAskFrame ask)
    {
        if (link.Peer.IsOfAnotherGroup || !context.Members.Contains(link.Peer.Name)
            || !serving.TryTake(link.Peer.Name, ask.Names.Count))
            return;
        foreach (var name in ask.Names)
        {
            var key = SubjectType.KeyOf(name.Subject);
            var lane = kernel.Lane(key.Lane);
            lane.With(key, subject =>
            {
                serving.Return(link.Peer.Name);
                if (!lane.WhenHeld(subject, name.Id, () => Tell(link.Id, name)))
                    Remember(link, name);
            });
        }
    }

    /// <summary>Who asked about a key that will be durable here with a group; null when nobody did.</summary>
    public Action? TakeAsked(SubjectKeyName name) => !asked.Remove(name, out var asking) ? null : () =>
    {
        foreach (var link in asking)
            Tell(link, name);
    };

    private void Remember(PeerLink link, SubjectKeyName name)
    {
        var isNew = !asked.TryGetValue(name, out var asking);
        if ((!isNew && asking!.Contains(link.Id)) || !remembered.TryTake(link.Peer.Name, 1))
            return;
        if (isNew)
            asked.Add(name, asking = []);
        asking!.Add(link.Id);
        askedOrder.Enqueue(new Asked(name, link.Id, link.Peer.Name, Now));
    }

    // It was told meanwhile, perhaps, and asks again.
    private void Forget(in Asked old)
    {
        remembered.Return(old.Region);
        if (asked.TryGetValue(old.Name, out var asking) && asking.Remove(old.Link) && asking.Count == 0)
            asked.Remove(old.Name);
    }

    private void Tell(long link, SubjectKeyName name)
    {
        if (!answers.TryGetValue(link, out var names))
            answers.Add(link, names = []);
        names.Add(name);
    }

    private void Watch(KeyWait wait, SubjectKeyName name)
    {
        wait.Needed.Add(name);
        if (watched.TryGetValue(name, out var key))
        {
            key.Waits.Add(wait);
            return;
        }
        watched[name] = key = new Watched { NextMilliseconds = Now };
        key.Waits.Add(wait);
        isAskDue = true;
    }

    // Of a command that is repeated, the key may not have come yet.
    private void LookHere(SubjectKeyName name, Watched key)
    {
        var subject = SubjectType.KeyOf(name.Subject);
        var lane = kernel.Lane(subject.Lane);
        lane.With(subject, known => lane.WhenHeld(known, name.Id, () =>
        {
            if (key.HeldBy.Add(context.Options.Region))
                Confirm([.. key.Waits]);
        }));
    }

    private int Holders(Watched key)
    {
        var count = 0;
        foreach (var region in key.HeldBy)
            count += context.Configuration.Find(region) is { IsJoining: false } ? 1 : 0;
        return count;
    }

    private void Ask()
    {
        var due = watched.Where(w => w.Value.NextMilliseconds <= Now).ToArray();
        foreach (var (_, key) in due)
            key.NextMilliseconds = Now + (PauseMilliseconds << Math.Min(key.Tries++, MaxDoublings));
        foreach (var region in due.Length == 0 ? [] : context.Others.Where(Exchange.May).ToArray())
        {
            if (links.Way(region) is not { } link || !links.TellsKeysHeld(region))
                continue;
            foreach (var part in due.Where(d => !d.Value.HeldBy.Contains(region)).Chunk(SubjectKeysFrame.MaxKeys))
            {
                context.Hit(Probe.KeyHoldersAsked);
                context.Emit(new SendFrame(link, new SubjectKeysHeldAskFrame([.. part.Select(w => w.Key)])));
            }
        }
        foreach (var (name, key) in due.Where(d => !d.Value.HeldBy.Contains(context.Options.Region)))
            LookHere(name, key);
    }

    private static void Confirm(IReadOnlyList<KeyWait> waits)
    {
        foreach (var wait in waits)
        {
            if (!wait.IsOver)
                wait.Confirm();
        }
    }

    private readonly record struct Asked(SubjectKeyName Name, long Link, string Region, long SinceMilliseconds);

    private sealed class Watched
    {
        public HashSet<KeyWait> Waits { get; } = [];
        public SortedSet<string> HeldBy { get; } = new(StringComparer.Ordinal);
        public long NextMilliseconds { get; set; }
        public int Tries { get; set; }

        /// <summary>The subject was forgotten meanwhile.</summary>
        public bool IsOver { get; set; }
    }
}
