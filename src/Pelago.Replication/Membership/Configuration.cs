using System.Security.Cryptography;
using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Who the regions of a group are, as of an epoch. Immutable; the next one differs by one region.</summary>
/// <remarks>That two configurations in succession differ by one region means that a majority of either has a member in
/// common with every majority of the other, so an old majority and a new one cannot decide two different things. Which
/// configuration comes next is decided in a register (<see cref="Register"/>), by a majority of the voters of the one
/// before. docs/internals/membership.md tells the rest.</remarks>
/// <param name="Epoch">1 for the group as it was made; 0 in a region that has to be told who its group is.</param>
/// <param name="Members">In order of their names.</param>
public sealed record Configuration(ulong Epoch, IReadOnlyList<GroupMember> Members)
{
    /// <summary>Most members of a group.</summary>
    public const int MaxMembers = 16;

    /// <summary>Most removed regions that a configuration names; the one that was removed first is forgotten
    /// first.</summary>
    public const int MaxRemoved = 16;

    /// <summary>The register that holds a group's newest configuration.</summary>
    public static readonly EntityKey Register = new(RegisterRequest.ReservedPrefix + "configuration", "group");

    /// <summary>The voters of the epoch before, out of whom a voter of this one copies; empty in the first.</summary>
    public IReadOnlyList<string> VotersBefore { get; init; } = [];

    /// <summary>Regions that were members and are none, oldest first.</summary>
    public IReadOnlyList<RemovedRegion> Removed { get; init; } = [];

    /// <summary>A person has said that it holds, and no majority was asked.</summary>
    public bool IsForced { get; init; }

    /// <summary>The changes by force that led to it, the newest <see cref="MaxForced"/>, oldest first. What was decided
    /// by majorities is one line of configurations; each change by force begins another one, and these tell two lines
    /// apart that have come to the same epoch.</summary>
    public IReadOnlyList<ForcedChange> Forced { get; init; } = [];

    /// <summary>Most changes by force that a configuration names; the first is forgotten first.</summary>
    public const int MaxForced = 16;

    /// <summary>The members' names.</summary>
    public IReadOnlyList<string> Names { get; } = [.. Members.Select(m => m.Region)];

    /// <summary>Those with a vote.</summary>
    public IReadOnlyList<string> Voters { get; } = [.. Members.Where(m => m.IsVoter).Select(m => m.Region)];

    /// <summary>Those that have what the others had when they were added: levels of acknowledgement count
    /// them.</summary>
    public IReadOnlyList<string> Settled { get; } = [.. Members.Where(m => !m.IsJoining).Select(m => m.Region)];

    /// <summary>The epoch in which the newest of its members was added; 1 when all were there from the
    /// beginning.</summary>
    public ulong NewestAddition { get; } = Members.Select(m => m.Since).DefaultIfEmpty().Max();

    /// <summary>The group as its regions were told at first.</summary>
    internal static Configuration Initial(KernelOptions options)
    {
        var voters = options.Voters ?? options.Members;
        var members = options.ConfigurationEpoch > 0 ? options.Members
            : options.Members.Where(m => m != options.Region); // it is none before it was told so
        return new Configuration(options.ConfigurationEpoch, [.. members.Order(StringComparer.Ordinal)
            .Select(m => new GroupMember(m, options.ConfigurationEpoch, voters.Contains(m), IsJoining: false))]);
    }

    /// <summary>The member of that name, or null.</summary>
    public GroupMember? Find(string region) => Members.FirstOrDefault(m => m.Region == region);

    /// <summary>The epoch in which the region was removed; null when it was not, or is a member again.</summary>
    public ulong? RemovedIn(string region) => Removed.FirstOrDefault(r => r.Region == region)?.Epoch;

    /// <summary>The next epoch, with one more region: it joins, has no vote, and finality waits for it.</summary>
    public Configuration With(string region) => Next([.. Members, new GroupMember(
        region, Epoch + 1, IsVoter: false, IsJoining: true)], [.. Removed.Where(r => r.Region != region)]);

    /// <summary>The next epoch, in which a region that has joined votes.</summary>
    public Configuration WithVoteOf(string region) => Next([.. Members.Select(m => m.Region != region ? m
        : m with { IsVoter = true, IsJoining = false })], Removed);

    /// <summary>The next epoch, without a region.</summary>
    public Configuration Without(string region) => Next([.. Members.Where(m => m.Region != region)],
        [.. Removed.Where(r => r.Region != region).TakeLast(MaxRemoved - 1), new RemovedRegion(region, Epoch + 1)]);

    /// <summary>The same, made by force. The change is named after all that it leads to, so two regions that make the
    /// same of the same configuration, without hearing of each other, have not parted by it.</summary>
    internal Configuration ByForce()
    {
        var content = ConfigurationCodec.Write(this with { IsForced = true });
        var change = new ForcedChange(Epoch, new Guid(SHA256.HashData(content).AsSpan(0, 16), bigEndian: true));
        return this with { IsForced = true, Forced = [.. Forced.TakeLast(MaxForced - 1), change] };
    }

    /// <summary>A later configuration, or this one, has come of this one: whatever was forced until here was forced on
    /// the way there, and nothing else was.</summary>
    internal bool LeadsTo(Configuration later)
    {
        var before = later.Forced.Where(f => f.Epoch <= Epoch).ToArray();
        return Epoch <= later.Epoch && before.SequenceEqual(Forced.TakeLast(before.Length))
            && (before.Length == Forced.Count || (before.Length > 0 && later.Forced.Count == MaxForced));
    }

    /// <summary>The same as it is for a journal that is of no member: it does not name the region.</summary>
    internal Configuration AsSeenBy(string removed) => new(
        Epoch, [.. Members.Where(m => m.Region != removed)])
    {
        VotersBefore = VotersBefore, Removed = Removed, IsForced = IsForced, Forced = Forced,
    };

    private Configuration Next(IEnumerable<GroupMember> members, IReadOnlyList<RemovedRegion> removed)
        => new(Epoch + 1, [.. members.OrderBy(m => m.Region, StringComparer.Ordinal)])
        {
            VotersBefore = Voters, Removed = removed, Forced = Forced,
        };
}

/// <summary>A member of a group.</summary>
/// <param name="Since">The epoch in which it was added: a journal of that region that is older is not of this
/// membership.</param>
/// <param name="IsVoter">It has a vote on registers.</param>
/// <param name="IsJoining">It does not have yet what the others had when it was added.</param>
public sealed record GroupMember(string Region, ulong Since, bool IsVoter, bool IsJoining);

/// <summary>A configuration that no majority decided.</summary>
/// <param name="Epoch">Its epoch.</param>
/// <param name="Id">Names it among all that were made for that epoch.</param>
public sealed record ForcedChange(ulong Epoch, Guid Id);

/// <summary>A region that is no member any more.</summary>
/// <param name="Epoch">The first epoch without it.</param>
public sealed record RemovedRegion(string Region, ulong Epoch);
