using System.Globalization;
using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Keys of subjects between regions: a new key goes to every region that is linked, right before the event
/// that names it; a region that knows a key by name and lacks it asks for it, the region that made it first.</summary>
/// <remarks>Only regions that may have keys (<see cref="KernelOptions.SubjectKeyRegions"/>) ask, are answered, and keep
/// what comes. A key's name follows from subject and key, so what was not named by an event of the subject finds no
/// place; of what arrives before its name a bounded number waits, in memory and for seconds. Who forgets takes
/// nothing any more. Whoever is asked for a key that it lacks says so: one that all lack is lost, and is asked for no
/// more until somebody needs it again.
/// </remarks>
internal sealed class KeyExchange(KernelContext context, PeerLinks links, InstanceKernel kernel)
{
    private const int LookMilliseconds = 50;
    private const int PauseMilliseconds = 500;
    private const int MaxDoublings = 4;
    private const int MaxEarly = 1_024;
    private const int EarlyMilliseconds = 10_000;
    private const int VainTries = 8;
    private const int AlarmMilliseconds = 60_000;

    private readonly SortedDictionary<SubjectKeyName, Wanted> wanted = new(SubjectKeyNameOrder.Instance);
    private readonly Dictionary<SubjectKeyId, SubjectKey> early = [];
    private readonly Queue<(SubjectKeyId Id, long SinceMilliseconds)> earlyOrder = [];
    private readonly Queue<SubjectKeyName> vain = [];
    private readonly Dictionary<SubjectKeyName, long> lost = [];
    private readonly Queue<SubjectKeyName> lostOrder = [];
    private long lookedAt = long.MinValue / 2;
    private long alarmedAt = long.MinValue / 2;
    private int lostSinceAlarm;
    private readonly RegionShares serving = new(context, context.Options.MaxServedSubjectKeys);

    private long Now => context.Now.MonotonicMilliseconds;

    /// <summary>Keys that are asked for.</summary>
    public int WantedCount => wanted.Count;

    /// <summary>True when a region may have keys.</summary>
    public bool May(string region) => context.Options.SubjectKeyRegions?.Contains(region) ?? true;

    /// <summary>Asks for a key, unless it is asked for already, or was lost a moment ago. Beyond the bound one that is
    /// asked for in vain makes room, or else it is left out: it is found to be lacking again when somebody needs it,
    /// and when the journal is compared with others.</summary>
    /// <param name="maker">The region that made it, or sealed under it: it is asked first.</param>
    public void Want(SubjectKeyName name, string maker)
    {
        if (!May(context.Options.Region) || !HasOthers || wanted.ContainsKey(name)
            || (lost.TryGetValue(name, out var since) && Now - since < context.Options.LostSubjectKeyMilliseconds)
            || (wanted.Count >= context.Options.MaxWantedSubjectKeys && !MakeRoom()))
            return;
        wanted.Add(name, new Wanted(maker) { NextMilliseconds = Now });
    }

    /// <summary>Nobody who may have the key has it, as far as is known.</summary>
    public bool IsLost(SubjectKeyName name)
        => lost.ContainsKey(name) || (!HasOthers && May(context.Options.Region));

    private bool HasOthers => !context.IsAlone && context.Others.Any(May);

    /// <summary>A new process of a region answers: it may be over another copy of its journal.</summary>
    public void Forget(string region)
    {
        lost.Clear();
        lostOrder.Clear();
        foreach (var entry in wanted.Values)
            entry.LackingAt.Remove(region);
    }

    /// <summary>A key of that name that came before its name was known.</summary>
    public SubjectKey? TakeEarly(string subject, SubjectKeyId id)
        => early.TryGetValue(id, out var key) && key.Subject.Id == subject && early.Remove(id) ? key : null;

    /// <summary>The key is here, or nobody is to have it any more.</summary>
    public void Settle(SubjectKeyName name)
    {
        wanted.Remove(name);
        lost.Remove(name);
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
        AlarmLost();
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
                context.Emit(new SendFrame(link, new SubjectKeysAskFrame([.. part.Select(w => w.Key)])));
                foreach (var (name, entry) in part)
                {
                    entry.NextMilliseconds = Now + (PauseMilliseconds << Math.Min(entry.Tries++, MaxDoublings));
                    NoteVain(name, entry);
                }
            }
        }
    }

    /// <summary>A peer asks for keys, gives some, or says that it lacks some.</summary>
    public void Received(PeerLink link, Frame frame)
    {
        if (frame is SubjectKeysAskFrame ask)
            Serve(link, ask);
        else if (frame is SubjectKeysLackingFrame lacking)
            Lacking(link, lacking);
        else
            Take(link, (SubjectKeysFrame)frame);
    }

    // With what is here, if it may have keys. Of a subject that may have been forgotten nothing is said.
    private void Serve(PeerLink link, SubjectKeysAskFrame ask)
    {
        if (!IsServed(link) || !serving.TryTake(link.Peer.Name, ask.Names.Count))
            return; // it asks again
        var (found, lacking, open) = (new List<SubjectKey>(), new List<SubjectKeyName>(), ask.Names.Count);
        foreach (var name in ask.Names)
        {
            var key = SubjectType.KeyOf(name.Subject);
            var lane = kernel.Lane(key.Lane);
            lane.With(key, subject =>
            {
                serving.Return(link.Peer.Name);
                var isClear = !lane.IsUnclear(subject);
                if (isClear && subject.Keys.TryGetValue(name.Id, out var held))
                    found.Add(held);
                else if (isClear && !subject.IsForgotten)
                    lacking.Add(name); // of a forgotten one the event says more, and is on its way
                if (--open > 0 || !links.Stands(link.Id))
                    return;
                if (found.Count > 0)
                    context.Emit(new SendFrame(link.Id, new SubjectKeysFrame(found)));
                if (lacking.Count > 0 && link.Hello is { TellsKeysHeld: true })
                    context.Emit(new SendFrame(link.Id, new SubjectKeysLackingFrame(lacking)));
            });
        }
    }

    private void Lacking(PeerLink link, SubjectKeysLackingFrame frame)
    {
        foreach (var name in frame.Names)
        {
            if (!wanted.TryGetValue(name, out var entry))
                continue;
            entry.LackingAt.Add(link.Peer.Name);
            if (context.Others.Where(May).All(entry.LackingAt.Contains))
                GiveUp(name);
            else
                NoteVain(name, entry);
        }
    }

    // Every other member that may have it was asked and does not; those that are away were not.
    private void GiveUp(SubjectKeyName name)
    {
        wanted.Remove(name);
        if (!lost.ContainsKey(name))
        {
            lostSinceAlarm++;
            lostOrder.Enqueue(name);
            while (lostOrder.Count > context.Options.MaxWantedSubjectKeys)
                lost.Remove(lostOrder.Dequeue());
            context.Hit(Probe.SubjectKeyLost);
        }
        lost[name] = Now;
        AlarmLost();
    }

    private void AlarmLost()
    {
        if (lostSinceAlarm == 0 || Now - alarmedAt < AlarmMilliseconds)
            return;
        context.Alarm(AlarmKind.SubjectKeysLost, string.Create(CultureInfo.InvariantCulture,
            $"No region that may have it has the key of a subject that was not forgotten: what is sealed under it "
            + $"cannot be read. A journal that had it was lost or set back. Such keys since the last alarm: {
                lostSinceAlarm}."));
        (alarmedAt, lostSinceAlarm) = (Now, 0);
    }

    // Whoever can be reached does not have it, or does not answer.
    private bool IsVain(Wanted entry) => entry.Tries >= VainTries || (entry.LackingAt.Count > 0
        && context.Others.Where(o => May(o) && links.Way(o) is not null).All(entry.LackingAt.Contains));

    private void NoteVain(SubjectKeyName name, Wanted entry)
    {
        if (entry.IsNotedVain || !IsVain(entry))
            return;
        entry.IsNotedVain = true;
        vain.Enqueue(name);
        if (vain.Count <= 2 * context.Options.MaxWantedSubjectKeys)
            return;
        // Those that are not asked for any more are among them still.
        SubjectKeyName[] kept = [.. vain.Where(v => wanted.TryGetValue(v, out var w) && w.IsNotedVain).Distinct()];
        vain.Clear();
        foreach (var left in kept)
            vain.Enqueue(left);
    }

    // The one that has been asked for in vain for longest.
    private bool MakeRoom()
    {
        while (vain.TryDequeue(out var name))
        {
            if (!wanted.TryGetValue(name, out var entry) || !entry.IsNotedVain)
                continue;
            entry.IsNotedVain = false;
            if (IsVain(entry) && wanted.Remove(name))
                return true;
        }
        return false;
    }

    private void Take(PeerLink link, SubjectKeysFrame frame)
    {
        if (link.Peer.IsOfAnotherGroup || !May(context.Options.Region))
            return;
        foreach (var key in frame.Keys)
        {
            var name = new SubjectKeyName(key.Subject.Id, key.Id);
            if (wanted.ContainsKey(name) || lost.ContainsKey(name))
                kernel.Lane(key.Subject.Lane).TakeKey(key);
            else if (IsForgotten(key.Subject.Id))
                context.Hit(Probe.LateKeyRefused);
            else
                KeepEarly(key);
        }
    }

    private bool IsForgotten(string subject) => kernel.Subjects.InMemory(subject) is { IsForgotten: true };

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
        string[] better = [.. open.Where(o => !entry.LackingAt.Contains(o))];
        var among = better.Length > 0 ? better : open;
        return among.Length == 0 ? null : among[entry.Tries % among.Length];
    }

    private sealed class Wanted(string maker)
    {
        public string Maker { get; } = maker;
        public long NextMilliseconds { get; set; }
        public int Tries { get; set; }

        /// <summary>Regions that have said not to have it.</summary>
        public HashSet<string> LackingAt { get; } = new(StringComparer.Ordinal);

        /// <summary>It is among those that make room.</summary>
        public bool IsNotedVain { get; set; }
    }
}
