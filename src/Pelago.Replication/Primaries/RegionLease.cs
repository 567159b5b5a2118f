namespace Pelago.Replication;

/// <summary>How long a lease lasts, and by how much clocks may go wrong meanwhile.</summary>
/// <param name="Milliseconds">Its nominal length, the same in every region.</param>
/// <param name="DriftPerMille">By how much a clock may be faster or slower than true time, in a thousand.</param>
public readonly record struct LeaseTerms(int Milliseconds, int DriftPerMille)
{
    /// <summary>Whoever holds it counts on it for so long, by its own clock.</summary>
    public long HeldMilliseconds => Milliseconds - Allowance;

    /// <summary>Whoever waits for it to end waits so long, by its own clock.</summary>
    public long WaitedMilliseconds => Milliseconds + Allowance;

    // Rounded up.
    private long Allowance => ((long)Milliseconds * DriftPerMille + 999) / 1_000;
}

/// <summary>Until when a region may take it for granted that no other one has become the primary of a type.</summary>
/// <remarks>
/// <para>A voter grants it while it has voted for no later epoch. A later epoch takes a majority of votes, of which one
/// at least is of a voter that this lease rests on: either it granted before it voted, and then the lease is over once
/// the new primary has waited; or it was asked after it had voted, and then it did not grant. So voters keep no record
/// of what they granted, and a voter that dies breaks nothing.</para>
/// <para>It counts from when the voter was <em>asked</em>: an answer may be under way for any time. Two clocks are
/// looked at, and the one by which more time has passed counts: the monotonic one stands still while some machines
/// sleep, and the wall clock may be set back.</para>
/// <para>One change of the group's regions may come between question and use, since majorities of two configurations
/// that follow each other have a voter in common. Majorities of others need not: what was asked two changes ago, of a
/// minority then, may be a majority of those who are left.</para>
/// <para>Pure and not thread-safe.</para>
/// </remarks>
public sealed class RegionLease(LeaseTerms terms)
{
    private readonly Dictionary<string, (Moment When, ulong Epoch)> asked = new(StringComparer.Ordinal);

    /// <summary>A voter has granted it.</summary>
    /// <param name="when">When it was asked.</param>
    /// <param name="epoch">Of the configuration that the group had then.</param>
    public void Grant(string voter, Moment when, ulong epoch)
    {
        if (!asked.TryGetValue(voter, out var before)
            || when.MonotonicMilliseconds > before.When.MonotonicMilliseconds)
            asked[voter] = (when, epoch);
    }

    /// <summary>A majority of the voters had granted it so lately that it holds now.</summary>
    /// <param name="voters">Of the configuration of now.</param>
    /// <param name="now">What both clocks show.</param>
    /// <param name="epoch">Of the configuration of now.</param>
    public bool IsHeld(IReadOnlyList<string> voters, Moment now, ulong epoch)
    {
        var grants = 0;
        for (var i = 0; i < voters.Count; i++)
        {
            if (asked.TryGetValue(voters[i], out var grant) && grant.Epoch + 1 >= epoch
                && IsFresh(grant.When, now))
                grants++;
        }
        return grants > voters.Count / 2;
    }

    private bool IsFresh(Moment when, Moment now)
        => now.MonotonicMilliseconds - when.MonotonicMilliseconds < terms.HeldMilliseconds
            && now.WallMilliseconds - when.WallMilliseconds < terms.HeldMilliseconds;
}
