namespace Pelago.Replication;

/// <summary>Asks for keys by their names; a <see cref="SubjectKeysFrame"/> answers with those that are there.</summary>
public sealed record SubjectKeysAskFrame(IReadOnlyList<SubjectKeyName> Names) : Frame;

/// <summary>Keys, asked for or just made.</summary>
public sealed record SubjectKeysFrame(IReadOnlyList<SubjectKey> Keys) : Frame
{
    /// <summary>Most keys, or names of keys, of one frame.</summary>
    public const int MaxKeys = 64;
}

/// <summary>Of the keys that were asked for by a <see cref="SubjectKeysAskFrame"/>, these are not here, and their
/// subjects were not forgotten.</summary>
public sealed record SubjectKeysLackingFrame(IReadOnlyList<SubjectKeyName> Names) : Frame;

/// <summary>Asks which keys are durable on the other side. A <see cref="SubjectKeysHeldFrame"/> says so of each: at
/// once, or once it is.</summary>
public sealed record SubjectKeysHeldAskFrame(IReadOnlyList<SubjectKeyName> Names) : Frame;

/// <summary>Of the keys that were asked about, these are durable here, or nobody is to have them any more.</summary>
public sealed record SubjectKeysHeldFrame(IReadOnlyList<SubjectKeyName> Names) : Frame;

/// <summary>A key of a subject, by name.</summary>
public readonly record struct SubjectKeyName(string Subject, SubjectKeyId Id);

/// <summary>One order whatever the culture is: a seed replays the same frames.</summary>
internal sealed class SubjectKeyNameOrder : IComparer<SubjectKeyName>
{
    public static readonly SubjectKeyNameOrder Instance = new();

    public int Compare(SubjectKeyName x, SubjectKeyName y)
        => string.CompareOrdinal(x.Subject, y.Subject) is not 0 and var bySubject ? bySubject : x.Id.CompareTo(y.Id);
}
