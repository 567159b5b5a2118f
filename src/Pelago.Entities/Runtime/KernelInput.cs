using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>What the loop hands to the kernel. Commands and reads are inputs themselves.</summary>
internal abstract record KernelInput;

internal sealed record LoadedInput(EntityImage Image, bool History) : KernelInput;

internal sealed record LoadFailedInput(EntityKey Entity, Failure Failure) : KernelInput;

internal sealed record PageInput(long Request, LanePage Page) : KernelInput;

internal sealed record PageFailedInput(long Request) : KernelInput;

internal sealed record RowsInput(long Request, EntityRows Rows) : KernelInput;

internal sealed record RowsFailedInput(long Request) : KernelInput;

internal sealed record CheckpointsInput(long Request, CheckpointPage Page) : KernelInput;

internal sealed record HistoryInput(long Request, EntityImage Image) : KernelInput;

internal sealed record AuditedInput(long Request, IReadOnlyList<EntityAudit> Audits, long Next) : KernelInput;

internal sealed record AuditFailedInput(long Request) : KernelInput;

internal sealed record CommittedInput(IReadOnlyList<LaneCommit> Commits) : KernelInput;

internal sealed record IncarnationInput : KernelInput;

internal sealed record LinkOpenedInput(long Link, string Peer, bool Dialled) : KernelInput;

internal sealed record DialFailedInput(string Peer) : KernelInput;

internal sealed record LinkClosedInput(long Link) : KernelInput;

internal sealed record ReceivedInput(ReplicationLink Link, Frame Frame, int Bytes) : KernelInput;

internal sealed record EffectsDoneInput(RunEffects Run) : KernelInput;

/// <summary>Asks for something that only the loop may look at.</summary>
/// <param name="Lost">Told when the loop failed before it could look.</param>
internal sealed record InspectInput(Action<InstanceKernel, Moment> Look, Action<Failure>? Lost = null) : KernelInput;
