using Pelago.Model;

namespace Pelago.Drills;

/// <summary>A failure on a control interface: problem details (RFC 9457) with Pelago's code.</summary>
public sealed record ControlProblem(string Type, string Title, int Status, string Detail, string Code, string Next)
{
    /// <summary>Media type of the answer.</summary>
    public const string MediaType = "application/problem+json";

    /// <summary>The failure as it crosses the wire.</summary>
    public static ControlProblem From(Failure failure) =>
        new($"urn:pelago:error:{failure.Error.Code}", failure.Error.Title, failure.Error.HttpStatus, failure.Message,
            failure.Error.Code, failure.Next);

    /// <summary>The failure as the caller sees it. A code of a newer Pelago keeps its text.</summary>
    public Failure ToFailure() => new(ErrorCodes.All.GetValueOrDefault(Code, ErrorCodes.Unexpected), Detail, Next);
}
