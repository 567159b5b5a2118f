using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Who votes, and how many are enough: as the newest configuration that this region has taken
/// says.</summary>
internal sealed class Electorate
{
    private readonly string region;

    public Electorate(string region, Configuration configuration)
    {
        this.region = region;
        Follow(configuration);
    }

    /// <summary>Of the configuration.</summary>
    public ulong Epoch { get; private set; }

    /// <summary>The voting regions, in order.</summary>
    public IReadOnlyList<string> Voters { get; private set; } = [];

    /// <summary>The voters other than this region.</summary>
    public IReadOnlyList<string> Others { get; private set; } = [];

    /// <summary>The voters of the epoch before; empty in the first.</summary>
    public IReadOnlyList<string> Before { get; private set; } = [];

    /// <summary>Nobody voted for this configuration.</summary>
    public bool IsForced { get; private set; }

    /// <summary>Whether this region has a vote: the federation plane, which proposes, has none.</summary>
    public bool IsVoter => Others.Count < Voters.Count;

    /// <summary>So many decide.</summary>
    public int Majority => MajorityOf(Voters);

    /// <summary>So many others meet every majority, however it was made up: what this region has forgotten, one of them
    /// knows.</summary>
    public int OthersThatMeetAll => MeetAll(Voters);

    /// <summary>So many voters of the epoch before meet every majority of it.</summary>
    public int BeforeThatMeetAll => MeetAll(Before);

    /// <summary>Another configuration holds.</summary>
    public void Follow(Configuration configuration)
    {
        Epoch = configuration.Epoch;
        Voters = [.. configuration.Voters.Order(StringComparer.Ordinal)];
        Others = [.. Voters.Where(v => v != region)];
        (Before, IsForced) = (configuration.VotersBefore, configuration.IsForced);
    }

    private static int MajorityOf(IReadOnlyList<string> voters) => (voters.Count / 2) + 1;

    private static int MeetAll(IReadOnlyList<string> voters) => voters.Count - MajorityOf(voters) + 1;

    /// <summary>The votes that count together. A voter that lost its memory began a new life, and nothing that it said
    /// in an older one counts beside a vote of somebody who had heard of the new one by then.</summary>
    /// <remarks>Why this suffices (Michael, Ports, Sharma and Szekeres 2017, with lives for their crash vectors): the
    /// voter copied from some who, with any majority, have a member in common. Either that member voted before it took
    /// note of the new life, and then the copy has what it voted, or after it, and then its vote names the life and the
    /// older vote is dropped here.</remarks>
    public static IReadOnlyList<RegisterAnswerFrame> Counting(
        IReadOnlyDictionary<string, RegisterAnswerFrame> votes)
    {
        var counting = new List<RegisterAnswerFrame>(votes.Count);
        foreach (var (region, vote) in votes)
        {
            if (vote is { Verdict: RegisterVerdict.Yes, Life: { } life } && !IsOver(region, life, votes.Values))
                counting.Add(vote);
        }
        return counting;
    }

    private static bool IsOver(string region, Incarnation life, IEnumerable<RegisterAnswerFrame> votes)
    {
        foreach (var vote in votes)
        {
            foreach (var known in vote.Lives)
            {
                if (known.Region == region && known.Life.CompareTo(life) > 0)
                    return true;
            }
        }
        return false;
    }
}
