using System.Globalization;
using Pelago.Model;

namespace Pelago.Replication;

/// <summary>Who the primaries of the types are whose primary moves: what registers decided, in whose epoch a command is
/// written, whether the primary may be sure of itself, and which events do not count.</summary>
/// <remarks>
/// <para>The problem: one region is to take a type's commands, another one is to take over when it is gone, and nobody
/// can tell a region that is gone from one that is slow. The idea has three parts. 1 Who the primary is, a register
/// decides, and each move begins an epoch. 2 What must not be said by two regions (a read of the newest state, that a
/// write is safe in a majority) is said under a lease, which a new primary waits out. 3 What the old one wrote
/// meanwhile and the new one did not have when its epoch started is <em>orphaned</em>: where that is, the register
/// says, so all regions leave out the same.</para>
/// <para>In parts: this file knows and answers questions; Learn takes records; Lease asks voters and answers them; Move
/// takes a type over; Wait holds what cannot be carried out yet. docs/internals/primaries.md tells why it holds.</para>
/// </remarks>
internal sealed partial class Primaries
{
    private static readonly IReadOnlyDictionary<string, PrimaryRecord> None
        = new Dictionary<string, PrimaryRecord>(StringComparer.Ordinal);

    private readonly KernelContext context;
    private readonly InstanceKernel kernel;
    private readonly SortedDictionary<string, TypePrimary> types = new(StringComparer.Ordinal);
    private volatile IReadOnlyDictionary<string, PrimaryRecord> records = None;
    private volatile IReadOnlyDictionary<string, PrimaryRecord> learned = None;
    private long? aloneSince;
    private bool mayBeCopy;

    /// <param name="wasSetBack">The journal is not what the process before left behind.</param>
    /// <param name="isNew">Nothing was ever written to it: it is no copy of another one.</param>
    public Primaries(
        KernelContext context, InstanceKernel kernel, IReadOnlyList<LaneState> states, bool wasSetBack, bool isNew)
    {
        (this.context, this.kernel) = (context, kernel);
        Rules = new PrimaryRules(this);
        Terms = new LeaseTerms(context.Options.LeaseMilliseconds, context.Options.LeaseDriftPerMille);
        foreach (var (type, record, searched) in PrimaryCodec.Noted(states))
            types[type] = new TypePrimary(type, record, Terms) { Searched = searched };
        Publish();
        Recovery = new Recovery(context, kernel.Lane);
        if (!wasSetBack && !states.Any(s => s.NotesDamaged || LossNoteCodec.Read(s.Notes).WasSetBack))
            return;
        mayBeCopy = !isNew;
        Recovery.Begin();
    }

    /// <summary>Whether what this region may have confirmed is here.</summary>
    public Recovery Recovery { get; }

    public LeaseTerms Terms { get; }

    public PrimaryRules Rules { get; }

    private string Own => context.Options.Region;

    // Nobody else is a member, and nobody who was one has a lease.
    private bool IsAlone => context.IsAlone && (context.Configuration.Epoch <= 1
        || (aloneSince is { } since && Now - since >= Terms.WaitedMilliseconds));

    private long Now => context.Now.MonotonicMilliseconds;

    /// <summary>The event does not count, as far as is known here. May be asked on any thread.</summary>
    public bool IsOrphaned(EventRecord e)
        => records.TryGetValue(e.Entity.Type, out var record) && record.IsOrphaned(e);

    /// <summary>Whether the event counts is about to be decided, or was decided a moment ago by what is not noted here
    /// yet: it is not final before.</summary>
    public bool IsUndecided(EventRecord e)
        => (records.TryGetValue(e.Entity.Type, out var record) && record.IsUndecided(e))
            || (learned.TryGetValue(e.Entity.Type, out var next) && (next.IsUndecided(e) || next.IsOrphaned(e)));

    /// <summary>Why the event does not count, for the ledger.</summary>
    public string WhyOrphaned(EventRecord e) => records.TryGetValue(e.Entity.Type, out var record)
        ? string.Create(CultureInfo.InvariantCulture, $"written in epoch {e.Epoch} by region '{e.Origin.Region
            }', which had been replaced as primary; the epoch after it had started without it (now {record.Epoch}, in '{
            record.Region}')") : "";

    /// <summary>Which events of the type do not count, one of the two regions may have learned a moment ago.</summary>
    public bool MayDisagree(string type, PeerLink link) => types.TryGetValue(type, out var state)
        && state.Record.Epoch > 0 && Now - Math.Max(state.SinceMilliseconds, link.OpenedMilliseconds)
            < context.Options.MissingAfterMilliseconds;

    /// <summary>Epoch of what is written now.</summary>
    public uint EpochOf(string type) => records.TryGetValue(type, out var record) ? record.Epoch : 0;

    /// <summary>This region takes commands for the type, as far as it knows.</summary>
    public bool Writes(string type) => IsAlone
        || Of(type) is { Record.IsStarted: true, IsConfirmed: true } state && state.Record.Region == Own;

    /// <summary>This region is the primary of the type, and no other one can be: now.</summary>
    public bool HasLease(string type) => IsAlone || (Writes(type) && IsLeased(Of(type)!));

    private bool IsLeased(TypePrimary type)
        => type.Lease.IsHeld(context.Configuration.Voters, context.Now, context.Configuration.Epoch);

    /// <summary>What is known of a type whose primary moves; null for any other.</summary>
    public TypePrimary? Of(string type)
    {
        var mode = context.ModeOf(type);
        if (types.TryGetValue(type, out var state))
            return mode.Moves ? state : null;
        if (!mode.Moves)
            return null;
        types[type] = state = new TypePrimary(type, new PrimaryRecord(0, mode.Primary!) { IsStarted = true }, Terms);
        state.Begin(Now);
        return state;
    }

    /// <summary>What a person wants to know.</summary>
    public IReadOnlyList<PrimaryDescription> Describe() => [.. Moving().Select(t => new PrimaryDescription(
        t.Type, t.Record.Epoch, t.Record.Region, t.Record.IsStarted, t.Record.Region == Own && HasLease(t.Type)))];

    /// <summary>This journal turned out to lack what was written here.</summary>
    public void HasLost()
    {
        Recovery.Begin();
        mayBeCopy = true;
        // On links that stand, a lane in which nothing happens is not told of again.
        foreach (var peer in kernel.Links.Peers.Where(p => p.IsLive))
        {
            foreach (var lane in kernel.Lanes)
            {
                if (peer.Reports[lane.Lane] is { } report)
                    Recovery.Take(peer.Name, lane.Lane, report.Held);
            }
        }
        foreach (var type in types.Values)
            type.IsConfirmed = false;
    }

    // 1 what registers answered  2 whose deadline has passed  3 what was not noted  4 leases  5 each type
    public void Tick()
    {
        aloneSince = context.IsAlone ? aloneSince ?? Now : null;
        Recovery.Look();
        TakeResults();
        TendRequests();
        if (waitingCount > 0)
            ExpireWaiting();
        if (context.Configuration.Epoch == 0 || context.Closed is not null)
            return;
        foreach (var type in types.Values)
        {
            if (type.Learned is not null && Now >= type.NoteAgainAtMilliseconds)
                Note(type);
            if (Now >= type.SearchAgainAtMilliseconds)
                Search(type);
        }
        var moving = Moving();
        foreach (var type in moving)
            type.StandsSinceMilliseconds = !kernel.Registers.Stands(type.Register) ? null
                : type.StandsSinceMilliseconds ?? Now;
        AskForLeases(moving);
        foreach (var type in moving)
        {
            Tend(type);
            TendWaiting(type);
        }
    }

    // Types may be declared while a test runs; there are few.
    private List<TypePrimary> Moving()
    {
        var moving = new List<TypePrimary>();
        foreach (var name in context.MovingTypes)
        {
            if (Of(name) is { } type)
                moving.Add(type);
        }
        return moving;
    }

    private void Publish()
    {
        learned = types.Values.Where(t => t.Learned is not null)
            .ToDictionary(t => t.Type, t => t.Learned!, StringComparer.Ordinal);
        records = types.Values.Where(t => t.Record.Epoch > 0)
            .ToDictionary(t => t.Type, t => t.Record, StringComparer.Ordinal);
    }
}

/// <summary>The primary of a type whose primary moves.</summary>
/// <param name="IsStarted">It takes commands; otherwise it is about to.</param>
/// <param name="HasLease">It is this region, and it may be sure of that at this moment.</param>
public sealed record PrimaryDescription(string Type, uint Epoch, string Region, bool IsStarted, bool HasLease);
