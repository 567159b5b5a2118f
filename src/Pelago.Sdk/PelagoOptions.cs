using Pelago.Model;

namespace Pelago.Sdk;

/// <summary>Options of a service; bound from the configuration section <c>Pelago</c> and checked at start.</summary>
public sealed class PelagoOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string Section = "Pelago";

    /// <summary>Where a service that runs alone keeps its journal, relative to the current directory. A region
    /// decides for the services that it starts.</summary>
    public string DataDirectory { get; set; } = "./.pelago-data";

    /// <summary>Time that a command or read may take, waiting for a causality token included, in milliseconds;
    /// 100–60,000.
    /// </summary>
    public int RequestDeadlineMilliseconds { get; set; } = 5_000;

    /// <summary>Commands and reads under way at once; 1–1,000,000.</summary>
    public int MaxPendingRequests { get; set; } = 65_536;

    /// <summary>Largest HTTP body in KiB; 1–30,000.</summary>
    public int MaxRequestBodyKibibytes { get; set; } = 256;

    /// <summary>Memory for loaded entities in MiB; 8–65,536. When it is not set, an eighth of what the process may
    /// use.</summary>
    public int? EntityMemoryMebibytes { get; set; }

    /// <summary>Days after which the journal seals new rows under a new data key; 1–3,650.</summary>
    public int DataKeyMaxAgeDays { get; set; } = 90;

    /// <summary>Days for which entries of the conflict ledger are kept, forks for ever; 1–3,650.</summary>
    public int ConflictRetentionDays { get; set; } = 90;

    /// <summary>Regions that may have keys of the subjects whose personal members are sealed; all when it is empty. The
    /// others hold the same events, and answer that these members cannot be read.</summary>
    public IList<string> SubjectKeyRegions { get; } = [];

    /// <summary>Every rule that is broken, one sentence each.</summary>
    internal IEnumerable<string> Problems()
    {
        if (string.IsNullOrWhiteSpace(DataDirectory))
            yield return $"{Section}:{nameof(DataDirectory)} is empty.";
        if (RequestDeadlineMilliseconds is < 100 or > 60_000)
            yield return $"{Section}:{nameof(RequestDeadlineMilliseconds)} must be 100–60000.";
        if (MaxPendingRequests is < 1 or > 1_000_000)
            yield return $"{Section}:{nameof(MaxPendingRequests)} must be 1–1000000.";
        if (MaxRequestBodyKibibytes is < 1 or > 30_000)
            yield return $"{Section}:{nameof(MaxRequestBodyKibibytes)} must be 1–30000.";
        if (DataKeyMaxAgeDays is < 1 or > 3_650)
            yield return $"{Section}:{nameof(DataKeyMaxAgeDays)} must be 1–3650.";
        if (ConflictRetentionDays is < 1 or > 3_650)
            yield return $"{Section}:{nameof(ConflictRetentionDays)} must be 1–3650.";
        foreach (var bad in SubjectKeyRegions.Select(r => Names.Check(r, "region")).OfType<Failure>())
            yield return $"{Section}:{nameof(SubjectKeyRegions)}: {bad.Message}";
        if (EntityMemoryMebibytes is < 8 or > 65_536)
            yield return $"{Section}:{nameof(EntityMemoryMebibytes)} must be 8–65536.";
    }
}
