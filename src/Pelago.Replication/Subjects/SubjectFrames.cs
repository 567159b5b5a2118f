namespace Pelago.Replication;

/// <summary>Asks for keys by their names; a <see cref="SubjectKeysFrame"/> answers with those that are there.</summary>
public sealed record SubjectKeysAskFrame(IReadOnlyList<SubjectKeyName> Names) : Frame;

/// <summary>Keys, asked for or just made.</summary>
public sealed record SubjectKeysFrame(IReadOnlyList<SubjectKey> Keys) : Frame
{
    /// <summary>Most keys, or names of keys, of one frame.</summary>
    public const int MaxKeys = 64;
}

/// <summary>A key of a subject, by name.</summary>
public readonly record struct SubjectKeyName(string Subject, SubjectKeyId Id);
