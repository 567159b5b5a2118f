namespace Pelago.Replication;

/// <summary>Which events do not count because a primary wrote them that had been replaced, as the kernel knows at the
/// moment it is asked. For every fold, also those beside the kernel; may be used from any thread.</summary>
public sealed class PrimaryRules
{
    private readonly Primaries primaries;

    internal PrimaryRules(Primaries primaries) => this.primaries = primaries;

    internal bool IsOrphaned(EventRecord e) => primaries.IsOrphaned(e);

    internal string WhyOrphaned(EventRecord e) => primaries.WhyOrphaned(e);
}
