using Pelago.Model;

namespace Pelago.Sdk;

/// <summary>A request whose fields break rules: all of them, so that the caller corrects them at once.</summary>
public sealed class InvalidRequestException : Exception
{
    /// <summary>At least one failure, each with its field.</summary>
    public InvalidRequestException(IReadOnlyList<Failure> failures) : base(failures[0].ToString())
        => Failures = failures;

    /// <summary>What is wrong.</summary>
    public IReadOnlyList<Failure> Failures { get; }
}
