namespace Pelago.Replication;

/// <summary>What a command waits for that is answered once more regions than one can read it: the keys of the personal
/// members in its events.</summary>
/// <param name="boxes">The members.</param>
/// <param name="batch">Its events.</param>
/// <param name="confirm">Looks again whether it may be answered.</param>
internal sealed class KeyWait(IReadOnlyList<SealedBox> boxes, BatchId batch, Action confirm)
{
    /// <summary>Keys by name, and whether the command itself has sealed under each: of what it only moves about, keys
    /// count that are here, because of a key that is nowhere nobody could ever say that it is held.</summary>
    public IReadOnlyList<(SubjectKeyName Name, bool IsOwn)> Named { get; } = [.. boxes
        .GroupBy(b => new SubjectKeyName(b.Subject, b.KeyId), IsOf(batch))
        .Select(g => (g.Key, g.Any(isOwn => isOwn)))];

    /// <summary>Names of the keys that have to be held.</summary>
    public List<SubjectKeyName> Needed { get; } = [];

    /// <summary>Subjects of which nobody has looked yet how they stand here.</summary>
    public int Unknown { get; set; }

    /// <summary>The command was answered.</summary>
    public bool IsOver { get; set; }

    /// <summary>Looks again whether the command may be answered.</summary>
    public void Confirm() => confirm();

    // How many events the batch has, its name does not say: what the same origin sealed later counts with it.
    private static Func<SealedBox, bool> IsOf(BatchId batch)
        => box => box.Origin.Equals(batch.Origin) && box.Sequence >= batch.FirstSequence;
}
