using Pelago.Model;

namespace Pelago.Replication;

// A voter that may have forgotten what it said would let two values be decided. So it votes in lives. One goes on after
// a clean stop. Otherwise a new one begins, with no vote: 1 it is noted here, 2 every other voter that is reached takes
// note of it, durably, and sends what it holds, 3 once enough have, what they hold is stored here, 4 it stands. What is
// enough: after a loss, so many others that they meet every majority, since any of the lost votes may have been the
// one that mattered; after a crash, whose journal is presumed whole, a majority with itself, though it waits a while
// for the others; in a group in which nobody has ever voted, that all say so. The same when the configuration changes,
// whose voters begin lives: then so many of the voters before, who have all taken the new configuration, that they meet
// every majority that may have decided something in the old one, and none of them takes a vote of the old one any more.
internal sealed partial class LaneVoter
{
    private const int MaxDoublings = 3;
    private const long LastLifeMilliseconds = (1L << 47) - 1; // others take none that begins later
    private readonly SortedDictionary<string, Copy> copies = new(StringComparer.Ordinal);
    private long askedSince;
    private long nextTry;
    private int tries;
    private ulong enrolment;
    private Incarnation? lifeBefore;

    /// <summary>Who has not answered the enrolment that is under way.</summary>
    public IReadOnlyList<string> Awaited => IsAsking
        ? [.. electorate.Others.Where(o => !copies.TryGetValue(o, out var copy) || !copy.IsWhole)] : [];

    private bool IsAsking => phase is Phase.Asking or Phase.Announcing;

    /// <summary>What the journal holds is not all that this region has voted.</summary>
    public void Forget()
    {
        if (!electorate.IsVoter || phase == Phase.Deposed)
            return;
        (remembers, knowsBefore, first, stood) = (false, false, null, null);
        BeginLife(life);
    }

    /// <summary>Another configuration holds.</summary>
    public void Reconfigured()
    {
        if (phase == Phase.Deposed)
            return;
        foreach (var gone in known.Keys.Where(k => !electorate.Others.Contains(k)).ToArray())
            known.Remove(gone);
        knowsBefore = false;
        if (electorate.IsVoter)
            BeginLife(life);
        else
            phase = Phase.None;
    }

    /// <summary>Tries again what was not answered, or not stored.</summary>
    public void Tick()
    {
        if (phase is Phase.None or Phase.Standing or Phase.Deposed || Now < nextTry)
            return;
        nextTry = Now + options.RegisterResendMilliseconds;
        switch (phase)
        {
            case Phase.Noting:
                KeepLife();
                break;
            case Phase.Storing:
                Store();
                break;
            default:
                // Less and less often: a group whose regions are not all there yet is not kept busy by it.
                nextTry = Now + ((long)options.RegisterResendMilliseconds << Math.Min(++tries, MaxDoublings));
                foreach (var other in electorate.Others)
                    AskOn(other);
                Consider(); // time alone may be what was missing
                break;
        }
    }

    /// <summary>A way to a voter has opened.</summary>
    public void Linked(string region)
    {
        if (IsAsking && electorate.Others.Contains(region))
            AskOn(region);
    }

    /// <summary>Another voter begins a life.</summary>
    public void Take(string from, EnrolFrame enrol, Action<EnrolledFrame> answer)
    {
        if (!electorate.IsVoter || !electorate.Others.Contains(from) || enrol.ConfigurationEpoch != electorate.Epoch)
            return; // of different configurations: the older one learns of the newer, and asks again
        // Once whoever asks knows that it has forgotten, it does not claim to remember before all have told it.
        var isForgetful = enrol.Remembers && known.TryGetValue(from, out var noted) && noted.Life != enrol.Life
            && (noted.IsForgetful || enrol.Before is not { } before || noted.Life.CompareTo(before) > 0);
        if (Note(new VoterLife(from, enrol.Life, enrol.Stands ? enrol.Life : null) { IsForgetful = isForgetful }))
            rollRevision++;
        if (rollRevision == rollDurable)
            answer(Page(enrol));
        else
            KeepRoll(() => answer(Page(enrol)));
    }

    /// <summary>A voter has taken note of ours.</summary>
    public void Take(string from, EnrolledFrame enrolled)
    {
        if (!IsAsking || !copies.TryGetValue(from, out var copy) || enrolled.Request != copy.Request
            || enrolled.ConfigurationEpoch != electorate.Epoch)
            return;
        if (!HasRoomFor(enrolled.Registers))
        {
            // Without them it must not vote: one of them may be what it has forgotten.
            shell.Hit(Probe.CopyRefused);
            shell.Alarm(AlarmKind.RegistersFull, $"{from} sent more registers of lane {Lane} than all voters may hold "
                + $"({options.RegisterBytesPerLane} bytes each, PLG5106): {options.Region} does not vote there.");
            return;
        }
        copy.Answered(enrolled, phase == Phase.Announcing);
        foreach (var record in enrolled.Registers)
            Merge(record);
        foreach (var named in enrolled.Lives)
        {
            if (Note(named))
                rollRevision++; // whoever enrols here counts on its being durable, wherever it was heard first
        }
        shell.Hit(Probe.VoterCopied);
        Heard(enrolled.Lives);
        if (!IsAsking || copies.GetValueOrDefault(from) != copy)
            return; // it had to begin again
        if (enrolled.More)
            AskOn(from);
        else
            Consider();
    }

    /// <summary>Begins a life, or goes on with the one of the journal.</summary>
    public void Begin()
    {
        if (!electorate.IsVoter)
            return;
        foreach (var named in roll?.Lives ?? [])
            Note(named);
        if (roll is { Stands: true, Life: { } standing } && memory == VoterMemory.Whole
            && roll.Epoch == electorate.Epoch)
        {
            (first, life, stood, remembers, phase) = (roll.First, standing, roll.Stood, true, Phase.Standing);
            knowsBefore = roll.KnowsBefore;
            return;
        }
        if (roll is not null && memory != VoterMemory.Lost)
        {
            (first, stood, remembers) = (roll.First, roll.Stood, roll.Remembers);
            knowsBefore = roll.KnowsBefore && roll.Epoch == electorate.Epoch;
        }
        BeginLife(roll?.Life);
    }

    private void BeginLife(Incarnation? before)
    {
        if (before?.UnixMilliseconds >= LastLifeMilliseconds)
        {
            (life, phase) = (null, Phase.None);
            shell.Alarm(AlarmKind.Protocol,
                $"Somebody has heard of a life of {options.Region} in lane {Lane} after which no other can be named; "
                + "it does not vote there. Find the region whose build is wrong.");
            return;
        }
        Span<byte> random = stackalloc byte[16];
        BitConverter.TryWriteBytes(random, shell.NextRandom());
        BitConverter.TryWriteBytes(random[8..], shell.NextRandom());
        var begun = Incarnation.Create(
            Math.Max(shell.WallMilliseconds, (before?.UnixMilliseconds ?? 0) + 1), random);
        (life, lifeBefore, phase) = (begun, before, Phase.Noting);
        first ??= begun;
        enrolment = shell.NextRandom();
        copies.Clear();
        rollRevision++;
        shell.Hit(Probe.VoterLife);
        KeepLife();
    }

    private void KeepLife()
    {
        var begun = life;
        nextTry = Now + options.RegisterResendMilliseconds;
        KeepRoll(() =>
        {
            if (life != begun || phase != Phase.Noting)
                return;
            (phase, askedSince, tries) = (Phase.Asking, Now, 0);
            foreach (var other in electorate.Others)
                AskOn(other);
            Consider();
        });
    }

    private void AskOn(string other)
    {
        if (!copies.TryGetValue(other, out var copy))
            copies[other] = copy = new Copy();
        // Who has come to a vote since he was asked, in a later life perhaps, has to be asked once more.
        var isEnough = (copy.Remembers && (copy.KnowsBefore || electorate.Before.Count == 0))
            || (phase == Phase.Announcing && !MayHaveVoted(other, copy.NeverStood));
        if (copy.IsOver && isEnough && (phase == Phase.Asking || copy.KnowsThatWeStand))
            return;
        if (copy.IsOver)
            copy.Begin(++enrolment);
        shell.Ask(other, new EnrolFrame(copy.Request, Lane, life!.Value, phase == Phase.Announcing, copy.After)
        {
            ConfigurationEpoch = electorate.Epoch, Before = lifeBefore, Remembers = remembers,
        });
    }

    // Copied once the note of the other's life is durable or was before: what is voted here from now on names it.
    private EnrolledFrame Page(EnrolFrame enrol)
    {
        var page = new List<RegisterRecord>();
        var size = 0;
        var more = false;
        foreach (var (register, held) in registers)
        {
            if (enrol.After is { } after && register.CompareTo(after) <= 0)
                continue;
            if (page.Count > 0 && size + held.State.Weight > options.EnrolPageBytes)
            {
                more = true;
                break;
            }
            page.Add(new RegisterRecord(register, held.State));
            size += held.State.Weight;
        }
        var never = stood is null && first is { } from && life is { } through ? new LifeRange(from, through)
            : default(LifeRange?);
        return new EnrolledFrame(enrol.Request, Lane, remembers, never, Lives, page, more)
        {
            ConfigurationEpoch = electorate.Epoch, KnowsBefore = knowsBefore,
        };
    }

    private void Merge(RegisterRecord record)
    {
        if (!registers.TryGetValue(record.Register, out var held))
        {
            registers[record.Register] = held = new Held();
            bytes += held.State.Weight;
            AlarmWhenNearlyFull();
        }
        var merged = held.State.With(record.State);
        if (merged.Equals(held.State))
            return;
        bytes += merged.Weight - held.State.Weight;
        held.State = merged;
        held.Revision++;
    }

    private void Consider()
    {
        if (!IsAsking)
            return;
        var answered = copies.Where(c => c.Value.IsWhole).ToArray();
        var remembering = answered.Count(c => c.Value.Remembers);
        var waited = Now - askedSince >= options.EnrolPatienceMilliseconds;
        if (electorate.Voters.Count == 1 || remembering >= electorate.OthersThatMeetAll
            || (remembers && waited && remembering >= electorate.Majority - 1))
        {
            if (KnowsWhatWasDecidedBefore(answered))
                Stand();
        }
        else if (electorate.Before.Count == 0 && answered.Length == electorate.Others.Count && NobodyForgot())
        {
            Announce();
        }
    }

    // Of a configuration that nobody has voted for, nothing is known but what its own voters hold.
    private bool KnowsWhatWasDecidedBefore(KeyValuePair<string, Copy>[] answered)
    {
        if (electorate.Before.Count == 0 || knowsBefore || Array.Exists(answered, c => c.Value.KnowsBefore))
            return true; // whoever has voted in this configuration had found it out
        if (electorate.IsForced)
            return answered.Length == electorate.Others.Count;
        var met = answered.Count(c => c.Value.Remembers && electorate.Before.Contains(c.Key))
            + (remembers && electorate.Before.Contains(options.Region) ? 1 : 0);
        if (met < electorate.BeforeThatMeetAll && electorate.Voters.Count == 1)
            AloneWithoutMemory();
        return met >= electorate.BeforeThatMeetAll || electorate.Voters.Count == 1;
    }

    // Who else voted is no member any more, so nobody will ever say more. To wait for them would be to wait for good.
    private void AloneWithoutMemory()
    {
        shell.Alarm(AlarmKind.VotesLost, $"{options.Region} is the last region that votes, and its journal does not "
            + $"hold all that was decided in lane {Lane} before: registers there go on from what it holds.");
    }

    // Of those who remember nothing, nobody has voted before: there is nothing to be forgotten.
    private bool NobodyForgot()
    {
        foreach (var (region, copy) in copies)
        {
            if (!copy.Remembers && MayHaveVoted(region, copy.NeverStood))
                return false;
        }
        return remembers || !MayHaveVoted(options.Region,
            stood is null ? new LifeRange(first!.Value, life!.Value) : null);
    }

    private bool MayHaveVoted(string region, LifeRange? never)
    {
        var named = copies.Values.SelectMany(c => c.Lives).Concat(known.Values)
            .Where(l => l.Region == region && l.Stood is not null);
        return named.Any(l => never is not { } range || !range.Has(l.Stood!.Value));
    }

    // The first votes of a group: all know of them before there are any, or a region that then loses its journal would
    // pass for one that is new.
    private void Announce()
    {
        if (phase == Phase.Asking)
        {
            (phase, tries) = (Phase.Announcing, 0);
            shell.Hit(Probe.VoterFirst);
            foreach (var other in electorate.Others)
            {
                copies[other].Begin(++enrolment);
                AskOn(other);
            }
        }
        else if (copies.Values.All(c => c.KnowsThatWeStand))
        {
            Stand();
        }
    }

    private void Stand()
    {
        (phase, stood, remembers, knowsBefore) = (Phase.Storing, life, true, true);
        copies.Clear();
        rollRevision++;
        Store();
    }

    private void Store()
    {
        var (standing, revision) = (life, rollRevision);
        nextTry = Now + options.RegisterResendMilliseconds;
        KeepRoll(() =>
        {
            if (phase != Phase.Storing || life != standing || rollDurable < revision
                || registers.Values.Any(h => !h.IsDurable))
                return;
            phase = Phase.Standing;
            shell.Hit(Probe.VoterStands);
        });
    }

    /// <summary>What one of the others has sent.</summary>
    /// <remarks>Page by page from the first register on, under one number. Whoever did not remember throughout, because
    /// he copies himself, has to send everything once more: what he sent at first was not all.</remarks>
    private sealed class Copy
    {
        private bool remembersSoFar;
        private bool knowsSoFar;

        /// <summary>Number of the questions for its pages.</summary>
        public ulong Request { get; private set; }

        /// <summary>Nothing more is to come under this number.</summary>
        public bool IsOver { get; private set; } = true;

        public bool IsWhole { get; private set; }
        public bool Remembers { get; private set; }
        public bool KnowsBefore { get; private set; }
        public bool KnowsThatWeStand { get; private set; }
        public LifeRange? NeverStood { get; private set; }
        public IReadOnlyList<VoterLife> Lives { get; private set; } = [];
        public EntityKey? After { get; private set; }

        /// <summary>Begins with the first page, under a number that was not used before.</summary>
        public void Begin(ulong request)
            => (Request, IsOver, After, remembersSoFar, knowsSoFar) = (request, false, null, true, true);

        public void Answered(EnrolledFrame enrolled, bool announced)
        {
            remembersSoFar &= enrolled.Remembers;
            knowsSoFar &= enrolled.KnowsBefore;
            (NeverStood, Lives) = (enrolled.NeverStood, enrolled.Lives);
            KnowsThatWeStand |= announced;
            if (enrolled.Registers.Count > 0)
                After = enrolled.Registers[^1].Register;
            if (enrolled.More)
                return;
            (IsWhole, IsOver, Remembers, KnowsBefore) = (true, true, remembersSoFar, knowsSoFar);
        }
    }
}
