namespace Pelago.Model;

/// <summary>One entry of the registry of errors: what scripts match on. A code never changes its meaning.</summary>
/// <param name="Code">"PLG" and four digits. The thousands name the subject: 1 command line and worlds, 2 input,
/// 3 trust, 4 journal, 5 entities and replication, 6 ingress, 7 resources and workloads, 8 traffic and drills.</param>
/// <param name="Title">Short, stable title (the problem type's title over HTTP).</param>
/// <param name="ExitCode">Exit code of the command line when this error ends it.</param>
/// <param name="HttpStatus">Status when this error answers an HTTP request.</param>
public sealed record ErrorCode(string Code, string Title, int ExitCode, int HttpStatus)
{
    /// <inheritdoc />
    public override string ToString() => Code;
}

/// <summary>The registry. Each subject has a file of its own; <see cref="All"/> is complete at type
/// initialization.</summary>
public static partial class ErrorCodes
{
    private static readonly SortedDictionary<string, ErrorCode> Registry = new(StringComparer.Ordinal);

    /// <summary>Every registered code, ordered by code.</summary>
    public static IReadOnlyDictionary<string, ErrorCode> All => Registry;

    private static ErrorCode Define(string code, string title, int exit, int http)
    {
        var error = new ErrorCode(code, title, exit, http);
        Registry.Add(code, error); // a duplicate is a bug and fails the type's initialization
        return error;
    }
}
