using System.Diagnostics.CodeAnalysis;

namespace Pelago.Replication;

/// <summary>The remembered replies of one entity, by idempotency key.</summary>
/// <remarks>Replies to commands with events are bounded like the keys of the fold: an event carries the key, so the
/// fold says how long it matters, in every region. A command without events leaves no trace in the fold: its reply is
/// all that knows the key, here and nowhere else, so it has an age of its own and a bound on their number.</remarks>
internal sealed class KeptReplies
{
    private readonly Dictionary<string, RememberedReply> replies = new(StringComparer.Ordinal);
    private readonly Queue<(string Key, long AtMilliseconds)> eventless = new(); // oldest first
    private int kept;

    /// <summary>Adds a reply; those without events from the oldest to the newest.</summary>
    public void Add(RememberedReply reply)
    {
        replies[reply.IdempotencyKey] = reply;
        if (reply.AtMilliseconds > 0)
            eventless.Enqueue((reply.IdempotencyKey, reply.AtMilliseconds));
    }

    public bool TryGet(string key, [NotNullWhen(true)] out RememberedReply? reply)
        => replies.TryGetValue(key, out reply);

    public bool HasEventless(string key, long nowMilliseconds)
        => replies.TryGetValue(key, out var reply) && reply.AtMilliseconds > 0
            && !IsTooOld(reply.AtMilliseconds, nowMilliseconds);

    /// <summary>True once replies with events whose keys the fold has forgotten may be half of all.</summary>
    public bool AreManyUnlooked => replies.Count - eventless.Count >= 64 + 2 * kept;

    /// <summary>Forgets replies with events whose keys the fold has forgotten.</summary>
    public IReadOnlyList<string> ForgetUnowned(Func<string, bool> isOwned)
    {
        string[] forgotten = [.. replies.Values.Where(r => r.AtMilliseconds == 0 && !isOwned(r.IdempotencyKey))
            .Select(r => r.IdempotencyKey)];
        foreach (var key in forgotten)
            replies.Remove(key);
        kept = replies.Count - eventless.Count;
        return forgotten;
    }

    /// <summary>Forgets replies without events that are older than the window or more than the bound.</summary>
    public IReadOnlyList<string> ForgetEventless(long nowMilliseconds, int bound)
    {
        List<string>? forgotten = null;
        while (eventless.TryPeek(out var oldest)
            && (eventless.Count > bound || IsTooOld(oldest.AtMilliseconds, nowMilliseconds)))
        {
            eventless.Dequeue();
            // Unless the key was used anew meanwhile.
            if (!replies.TryGetValue(oldest.Key, out var reply) || reply.AtMilliseconds != oldest.AtMilliseconds)
                continue;
            replies.Remove(oldest.Key);
            (forgotten ??= []).Add(oldest.Key);
        }
        return forgotten ?? [];
    }

    private static bool IsTooOld(long atMilliseconds, long nowMilliseconds)
        => nowMilliseconds - atMilliseconds > EventLimits.IdempotencyWindowMilliseconds;
}
