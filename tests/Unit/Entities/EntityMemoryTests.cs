using Pelago.Entities;

namespace Pelago.Tests.Unit.Entities;

public sealed class EntityMemoryTests
{
    [Fact]
    public void Default_IsAShareOfWhatTheProcessMayUse()
    {
        var least = 64L << 20;
        var share = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 8;

        share.ShouldBePositive();
        EntityMemory.DefaultBytes.ShouldBeInRange(least, Math.Max(least, share));
    }
}
