using Pelago.Model;
using Pelago.Replication;

namespace Pelago.Tests.Simulation;

/// <summary>What the types of the earlier build's tests make for its own clients. The clients are outside.</summary>
internal sealed record Operation(EntityKey Entity, IReadOnlyList<string> Lines, string Key,
    long PatienceMilliseconds = 5_000)
{
    internal Func<object, CommandContext, Decision>? Handle { get; init; }
}
