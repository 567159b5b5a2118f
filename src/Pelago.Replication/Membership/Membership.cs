using System.Globalization;
using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Who belongs to the group: takes changes to the register that decides them, learns of those that others
/// made, and swaps the configuration that everything else follows.</summary>
/// <remarks>
/// <para>A configuration is learned of in one of three ways: this region decided it, a peer said so, or the own vote
/// heard of one that its proposer may not have lived to tell. It is noted in the journal, and holds when that is
/// durable; finality waits for its new members from the moment on at which it is learned.</para>
/// <para>Requests are carried out one after another: 1 read the register, and take what is newer, 2 look whether it is
/// so already, or cannot be, 3 change it, 4 note it and begin again with 2. What is known here alone answers
/// nothing: the others may have gone on without this region.</para>
/// </remarks>
internal sealed partial class Membership
{
    private const int MaxRequests = 16;
    private const int NotePauseMilliseconds = 1_000;
    private readonly KernelContext context;
    private readonly InstanceKernel kernel;
    private readonly JoinProgress join;
    private readonly Dictionary<string, ulong> told = new(StringComparer.Ordinal);
    private Configuration? learned;
    private Configuration? noted;
    private long noteAgainAt;
    private bool hasConflict;
    private bool isJoining; // every request asks

    public Membership(KernelContext context, InstanceKernel kernel, IReadOnlyList<LaneState> states)
    {
        (this.context, this.kernel) = (context, kernel);
        (context.Configuration, WasRemoved) = MembershipNotes.Recover(context.Options, states);
        // A region that is to be told who its group is begins with nothing.
        WasRemoved |= context.Configuration.Epoch == 0 && states.Any(s => s.Head > 0);
        join = new JoinProgress(context, kernel.Lane);
        isJoining = IsJoiningIn(context.Configuration);
    }

    /// <summary>This journal is of no member: its region was removed, whether or not it has come back since.</summary>
    public bool WasRemoved
    {
        get => context.Closed is not null;
        private set => context.Closed = !value ? null : new Failure(ErrorCodes.RegionRemoved,
            $"Region '{Region}' was removed from its group, or its journal is from before it was: it takes no writes.",
            "Ask another region. To bring this one back, add it again, with an empty journal.");
    }

    private string Region => context.Options.Region;

    private long Now => context.Now.MonotonicMilliseconds;

    /// <summary>Why this region takes no writes at all, or null.</summary>
    public Failure? RefuseWrites() => context.Closed;

    /// <summary>Why entities of a lane are neither read nor written here, or null.</summary>
    public Failure? RefuseUse(int lane)
    {
        if (WasRemoved || !isJoining || (context.Configuration.Epoch > 0 && join.Serves(lane)))
            return null;
        var (held, wanted) = join.Events;
        return new Failure(ErrorCodes.RegionJoining, string.Create(CultureInfo.InvariantCulture,
            $"Region '{Region}' is joining its group and holds {held} of {wanted} events so far."),
            "Ask another region, or try again later.");
    }

    /// <summary>A peer reported what it holds of a lane.</summary>
    public void Reported(PeerLink link, int lane, PeerReport report)
    {
        if (context.Configuration.Find(Region) is { IsJoining: true } self && link.ConfigurationEpoch >= self.Since)
            join.Take(link.Peer.Name, lane, report);
    }

    /// <summary>A peer's process was replaced by another: what it reported may be nowhere any more.</summary>
    public void Forget(string peer) => join.Forget(peer);

    /// <summary>A peer has taken this configuration.</summary>
    /// <returns>False when it is of another group: one of the two was changed by force, and the other one went on
    /// without having heard of it. Nothing of that is taken, whoever has the higher epoch.</returns>
    public bool Told(string peer, Configuration configuration)
    {
        if (WasRemoved)
            return true; // it takes no part any more
        if (!IsOurs(configuration))
        {
            TellApart(peer, configuration);
            return false;
        }
        if (configuration.Epoch == context.Configuration.Epoch && !hasConflict && !WasRemoved
            && !configuration.Names.SequenceEqual(context.Configuration.Names))
        {
            hasConflict = true;
            context.Alarm(AlarmKind.GroupsDiffer, $"Epoch {configuration.Epoch} of the group is "
                + $"{string.Join(", ", configuration.Names)} in {peer}, and {string.Join(", ", context.Members)} here: "
                + "a region was removed by force on both sides. One side has to be made anew.");
        }
        if (IsBelieved(peer, configuration))
            Learn(configuration);
        return true;
    }

    // Who has an empty journal and is a member may have been removed and be about to be added again: a member that was
    // cut off meanwhile tells it of the time before. More than half of the other voters do not.
    private bool IsBelieved(string peer, Configuration next)
    {
        if (context.Configuration.Epoch > 0 || next.Find(Region) is not { IsJoining: false })
            return true;
        told[peer] = next.Epoch;
        var others = next.Voters.Where(v => v != Region).ToArray();
        return others.Count(v => told.GetValueOrDefault(v) == next.Epoch) > others.Length / 2;
    }

    private void TellApart(string peer, Configuration other)
    {
        if (hasConflict)
            return;
        hasConflict = true;
        context.Alarm(AlarmKind.GroupsDiffer, string.Create(CultureInfo.InvariantCulture,
            $"{peer} is in epoch {other.Epoch} of a group of {string.Join(", ", other.Names)}, {Region} in epoch "
            + $"{context.Configuration.Epoch} of one of {string.Join(", ", context.Members)}: a region was removed by "
            + $"force on one side, and the other has gone on. Neither takes the other's members. One side has to be "
            + $"made anew."));
    }

    // The one has come of the other: what is noted and does not hold yet counts, too.
    private bool IsOurs(Configuration other)
    {
        var own = learned ?? context.Configuration;
        return own.Epoch <= other.Epoch ? own.LeadsTo(other) : other.LeadsTo(own);
    }

    /// <summary>The group is done: what it noted holds.</summary>
    public void TakeNoted()
    {
        if (noted is not { } next)
            return;
        noted = null;
        Adopt(next);
        if (learned is not null)
            Note();
    }

    public void Tick()
    {
        if (learned is not null && Now >= noteAgainAt)
            Note(); // its group failed
        TakeResults();
        Tend();
    }

    public MembershipDescription Describe()
    {
        var configuration = context.Configuration;
        var isOut = WasRemoved || (configuration.Epoch > 1 && configuration.Find(Region) is null);
        return new MembershipDescription(configuration.Epoch, configuration.IsForced, isOut,
        [
            .. configuration.Members.Select(Describe),
            .. configuration.Removed.Select(r => new RegionDescription(r.Region, "Removed", false, 0, 0)),
        ])
        {
            UnsealedLanes = kernel.Lanes.Count(l => l.Unsealed.Any()),
        };
    }

    private RegionDescription Describe(GroupMember member)
    {
        var (held, wanted) = !member.IsJoining ? (0, 0) : member.Region == Region ? join.Events
            : kernel.Links.ProgressOf(member.Region);
        return new RegionDescription(
            member.Region, member.IsJoining ? "Joining" : "Member", member.IsVoter, held, wanted);
    }

    private bool IsJoiningIn(Configuration configuration)
        => configuration.Epoch == 0 || configuration.Find(Region) is { IsJoining: true };

    private void Learn(Configuration next)
    {
        if (WasRemoved || next.Epoch <= (learned ?? context.Configuration).Epoch || !IsOurs(next))
            return;
        if (context.Configuration.Epoch == 0 && next.Find(Region) is null)
            return; // it waits to be added: that one of its name was removed is no news
        learned = next;
        foreach (var lane in kernel.Lanes)
            lane.Anticipate(next);
        Note();
    }

    private void Note()
    {
        var next = learned!;
        noteAgainAt = Now + NotePauseMilliseconds;
        var removed = IsRemovedBy(next);
        kernel.Lane(Configuration.Register.Lane).Keep(
            MembershipNotes.Of(removed ? next.AsSeenBy(Region) : next, removed), () => noted = next);
    }

    // Not a member any more, or one again after it was none: what is here was not, and cannot be continued.
    private bool IsRemovedBy(Configuration next) => context.Configuration.Find(Region) is { } was
        ? next.Find(Region) is not { } member || member.Since != was.Since : next.RemovedIn(Region) is not null;

    // 1 lanes, which look at what has arrived  2 links, on which the others hear of it  3 votes
    private void Adopt(Configuration next)
    {
        if (learned is { } newest && newest.Epoch <= next.Epoch)
            learned = null;
        if (next.Epoch <= context.Configuration.Epoch)
            return;
        var (removed, isFirst) = (IsRemovedBy(next), context.Configuration.Epoch == 0);
        var alone = removed ? kernel.Links.HeldHereAlone() : 0;
        string[][] unsealed = [.. kernel.Lanes.Select(l => l.Unsealed.Select(r => r.Region).ToArray())];
        context.Configuration = removed ? next.AsSeenBy(Region) : next;
        isJoining = IsJoiningIn(context.Configuration);
        context.Hit(Probe.ConfigurationTaken);
        foreach (var lane in kernel.Lanes)
            lane.Follow(context.Configuration, unsealed[lane.Lane]);
        kernel.Links.Follow(context.Configuration, isFirst);
        join.Follow(context.Configuration);
        kernel.Registers.Follow(context.Configuration);
        if (!removed)
            return;
        WasRemoved = true;
        context.Alarm(AlarmKind.RegionRemoved, string.Create(CultureInfo.InvariantCulture,
            $"{Region} was removed from its group in epoch {next.RemovedIn(Region) ?? next.Find(Region)?.Since}: it "
            + $"takes no writes any more. {alone} events that it wrote are not known to be anywhere else; its journal "
            + $"keeps them."));
    }
}
