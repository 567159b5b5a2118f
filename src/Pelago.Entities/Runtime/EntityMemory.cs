namespace Pelago.Entities;

/// <summary>How much memory loaded entities get when nobody says. An entity that is not loaded has to be read before it
/// is written, which costs several times the write: so a share of what the process may use, and not one number for
/// every machine.</summary>
public static class EntityMemory
{
    private const long Share = 8, Least = 64L << 20, Most = 16L << 30;

    /// <summary>An eighth of the memory that the process may use (its container's limit, or the machine's), between 64
    /// MiB and 16 GiB.</summary>
    public static long DefaultBytes
        => Math.Clamp(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / Share, Least, Most);
}
