using Pelago.Model;

namespace Pelago.Replication;

/// <summary>A type, and the epoch in which the asker is, or is about to be, its primary.</summary>
public readonly record struct TypeEpoch(string Type, uint Epoch);

/// <summary>Asks a voter whether it has voted for a later epoch of any of these types.</summary>
/// <param name="Milliseconds">Nominal length of the lease: a voter that takes another for right does not grant.</param>
/// <param name="WantsReports">What the other side holds, of every lane, is to be told before the answer.</param>
public sealed record LeaseAskFrame(
    long Request, int Milliseconds, ulong ConfigurationEpoch, IReadOnlyList<TypeEpoch> Types, bool WantsReports)
    : Frame
{
    /// <summary>Of each type: the asker's life as a voter where its primary is decided; null without a vote. Empty when
    /// it does not say.</summary>
    public IReadOnlyList<Incarnation?> Lives { get; init; } = [];
}

/// <summary>Answers a <see cref="LeaseAskFrame"/>.</summary>
/// <param name="Granted">Those of which it has not voted for a later epoch.</param>
/// <param name="Stopped">Those of which it was the primary before that epoch, and has nothing under way.</param>
public sealed record LeaseGrantFrame(
    long Request, IReadOnlyList<TypeEpoch> Granted, IReadOnlyList<TypeEpoch> Stopped) : Frame;

/// <summary>Who the primary of a type is, as the sender knows.</summary>
public sealed record PrimaryFrame(string Type, PrimaryRecord Record) : Frame;
