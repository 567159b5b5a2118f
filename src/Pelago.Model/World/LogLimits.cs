namespace Pelago.Model;

/// <summary>How much log a process may leave on the disk. A log that has outgrown its limit is put aside as
/// <c>NAME.log.1</c>, the one before as <c>.2</c>, and so on; the oldest goes.</summary>
public sealed record LogLimits
{
    /// <summary>Smallest limit that can be asked for.</summary>
    public const int LeastMebibytes = 1;

    /// <summary>Largest limit that can be asked for.</summary>
    public const int MostMebibytes = 4096;

    /// <summary>Size at which a log is put aside, in MiB.</summary>
    public int FileMebibytes { get; init; } = 16;

    /// <summary>How many files that were put aside stay, beside the one that is written.</summary>
    public int KeptFiles { get; init; } = 3;
}
