namespace Pelago.Tests.Simulation;

/// <summary>What can go wrong in a run. Each seed draws a subset, so that faults do not hide each other (swarm testing,
/// Groce et al. 2012).</summary>
[Flags]
public enum Fault
{
    /// <summary>Nothing goes wrong.</summary>
    None = 0,

    /// <summary>Frames get lost.</summary>
    Loss = 1,

    /// <summary>Frames arrive twice.</summary>
    Duplicate = 2,

    /// <summary>Frames overtake each other.</summary>
    Reorder = 4,

    /// <summary>Connections break.</summary>
    Break = 8,

    /// <summary>Regions are cut off from all others.</summary>
    Isolation = 16,

    /// <summary>Single pairs are cut.</summary>
    PartialCut = 32,

    /// <summary>Single directions are cut.</summary>
    OneWayCut = 64,

    /// <summary>Ways are slow for a while.</summary>
    Slow = 128,

    /// <summary>Processes die before a write is durable.</summary>
    CrashBeforeWrite = 256,

    /// <summary>Processes die when a write is durable and nobody knows.</summary>
    CrashAfterWrite = 512,

    /// <summary>Processes die at any time.</summary>
    Kill = 1024,

    /// <summary>Processes stop and start cleanly.</summary>
    Restart = 2048,

    /// <summary>Processes stand still for a while.</summary>
    Pause = 4096,

    /// <summary>Clocks are off, by milliseconds up to hours.</summary>
    ClockOff = 8192,

    /// <summary>Clocks step while the process runs.</summary>
    ClockStep = 16384,

    /// <summary>One region's disk lies about its last writes.</summary>
    TornTail = 32768,

    /// <summary>One region is restored from a backup.</summary>
    RollBack = 65536,

    /// <summary>Disks are full for a while.</summary>
    DiskFull = 131072,

    /// <summary>Loading an entity fails now and then.</summary>
    LoadFailure = 262144,

    /// <summary>A guard file is lost.</summary>
    GuardLost = 524288,

    /// <summary>One region's disk is cloned, and both run for a while.</summary>
    Clone = 1048576,

    /// <summary>Rows of a region cannot be opened for a while, or no entity of it can be read.</summary>
    Damage = 2097152,
}
