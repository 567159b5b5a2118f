using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>Translates the kernel's own description into what operators see.</summary>
internal static class ReplicationView
{
    public static ReplicationStatus Of(
        KernelDescription description, ProbeCounts counts, Failure? journal, IReadOnlyList<AlarmStatus> alarms) => new(
        description.Region, description.Current?.ToString(),
        [.. description.Peers.Select(p => new PeerStatus(
            p.Name, p.State, p.LagMilliseconds < 0 ? null : Math.Round(p.LagMilliseconds, 1),
            (long)Math.Min(p.BehindEvents, long.MaxValue), p.Path))],
        [.. description.Lanes.Select(l => new LaneStatus(
            l.Lane, l.Head, l.OwnHead, [.. l.WaitingFor], l.Held, l.Owed,
            [.. l.FinalThrough.Select(f => new FrontierStatus(f.Origin.ToString(), f.Held, f.Final))]))],
        [.. description.Parked.OrderBy(p => p.Entity.Type, StringComparer.Ordinal)
            .ThenBy(p => p.Entity.Id, StringComparer.Ordinal).Take(ReplicationStatus.MaxParked)
            .Select(p => new ParkedStatus(
                p.Entity.Type, p.Entity.Id, p.Reason.Error.Code, p.Reason.Message, p.Reason.Next))],
        description.Parked.Count,
        Enum.GetValues<Probe>().Where(p => counts[p] > 0).ToDictionary(p => p.ToString(), p => counts[p]))
    {
        Journal = journal is null ? null : new TroubleStatus(journal.Error.Code, journal.Message, journal.Next),
        Alarms = alarms,
        Primaries = [.. description.Primaries.Select(p => new PrimaryStatus(
            p.Type, p.Region, p.Epoch, p.IsStarted ? "Primary" : "TakingOver", p.HasLease))],
        Filters = [.. description.Filters.OrderBy(f => f.Type, StringComparer.Ordinal).Select(f => new FilterStatus(
            f.Type, f.Filter.Epoch, f.Filter.ToString(),
            !f.IsForThisRegion ? "LeftOut" : f.LanesLacking > 0 ? "Filling" : "Whole"))],
    };
}
