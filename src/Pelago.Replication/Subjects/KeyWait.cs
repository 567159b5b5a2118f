namespace Pelago.Replication;

/// <summary>What a command waits for that is answered once more regions than one can read it: the keys of the personal
/// members in its events.</summary>
/// <param name="batch">Its events.</param>
/// <param name="confirm">Looks again whether it may be answered.</param>
internal sealed class KeyWait(BatchId batch, Action confirm)
{
    /// <summary>Keys by name, and whether the command itself has sealed under each: of what it only moves about, keys
    /// count that are here, because of a key that is nowhere nobody could ever say that it is held.</summary>
    public IReadOnlyList<(SubjectKeyName Name, bool IsOwn)> Named { get; private set; } = [];

    /// <summary>Which members there are is known. It is not while the events are being read from the journal.</summary>
    public bool IsNamed { get; private set; }

    /// <summary>Names of the keys that have to be held.</summary>
    public List<SubjectKeyName> Needed { get; } = [];

    /// <summary>Subjects of which nobody has looked yet how they stand here.</summary>
    public int Unknown { get; set; }

    /// <summary>The command was answered.</summary>
    public bool IsOver { get; set; }

    /// <summary>Says which members there are.</summary>
    public void Name(IReadOnlyList<SealedBox> boxes)
    {
        Named = [.. boxes.GroupBy(b => new SubjectKeyName(b.Subject, b.KeyId), IsOfTheCommand)
            .Select(g => (g.Key, g.Any(isOwn => isOwn)))];
        (IsNamed, Unknown) = (true, Named.Count);
    }

    /// <summary>Looks again whether the command may be answered.</summary>
    public void Confirm() => confirm();

    // In its own events nothing lies that the same origin sealed later.
    private bool IsOfTheCommand(SealedBox box)
        => box.Origin.Equals(batch.Origin) && box.Sequence >= batch.FirstSequence;
}
