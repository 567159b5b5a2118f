namespace Pelago.Journal;

/// <summary>What is renewed of a journal's keys.</summary>
public enum RekeyScope
{
    /// <summary>A new data key: new rows are sealed under it. Older ones stay, and with them what they seal.</summary>
    DataKey,

    /// <summary>A new key-encryption key: every data key is wrapped anew under it. No row is touched.</summary>
    KeyEncryptionKey,
}

/// <summary>What came of it.</summary>
/// <param name="DataKey">Number of the data key under which new rows are sealed.</param>
/// <param name="Kek">Id of the key-encryption key that wraps it.</param>
/// <param name="Rewrapped">Keys that were wrapped anew.</param>
public sealed record KeyRenewal(long DataKey, string Kek, int Rewrapped);
