namespace Pelago.Model;

/// <summary>An expected failure as a value: what went wrong in one sentence, and what to do next.</summary>
/// <param name="Error">The registered code.</param>
/// <param name="Message">One sentence for the caller; names the field and the rule, never a secret.</param>
/// <param name="Next">What to do about it, one sentence or a list of valid values; may be empty.</param>
/// <param name="Field">Path of the offending field ("items[2].sku"), or null.</param>
public sealed record Failure(ErrorCode Error, string Message, string Next = "", string? Field = null)
{
    /// <summary>The line that a person reads: <c>PLG1203: region 'eu-west-9' does not exist. Regions: …</c></summary>
    public override string ToString() =>
        Next.Length == 0 ? $"{Error.Code}: {Message}" : $"{Error.Code}: {Message} {Next}";

    /// <summary>The failure that an exception carries, itself or in what caused it; null when it carries
    /// none.</summary>
    public static Failure? In(Exception? error)
        => error is null ? null : (error as PelagoException)?.Failure ?? In(error.InnerException);

    /// <summary>Wraps the failure where the language leaves no other way than to throw.</summary>
    public PelagoException ToException(Exception? inner = null) => new(this, inner);
}

/// <summary>Carries a <see cref="Failure"/> through code that cannot return one.</summary>
public sealed class PelagoException(Failure failure, Exception? inner = null) : Exception(failure.ToString(), inner)
{
    /// <summary>What failed.</summary>
    public Failure Failure { get; } = failure;
}
