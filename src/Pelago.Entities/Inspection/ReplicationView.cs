using Pelago.Replication;

namespace Pelago.Entities;

/// <summary>Translates the kernel's own description into what operators see.</summary>
internal static class ReplicationView
{
    public static ReplicationStatus Of(InstanceKernel kernel, KernelOptions options, Moment now)
        => new(options.Region, null, [.. options.Members.Where(m => m != options.Region)
            .Select(m => new PeerStatus(m, "Connecting", null, 0, "direct"))]);
}
